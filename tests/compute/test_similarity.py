"""Exact neighbours: by hand, against a dense reference, SciPy and scikit-learn, for every option.

That all paths of an engine agree is for `test_cpu`; these tests ask what `similar` promises.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pandas.testing import assert_frame_equal
from scipy import sparse
from scipy.spatial.distance import cdist
from scipy.stats import pearsonr
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import cosine_similarity

from tests.compute.reference import (
    BINARY,
    CENTRED,
    CLOSE,
    EXACT,
    NAN,
    WITHOUT_SHRINK,
    assert_neighbours,
    assert_same,
    assert_well_formed,
    reference,
    sparse_of,
)
from workbench.compute import common_ratings, nearest, resolve, similar
from workbench.compute.metrics import METRICS
from workbench.compute.options import WEIGHTINGS, SimilarityOptions
from workbench.compute.weighting import Weighting
from workbench.datasets import Dataset, example, synthetic
from workbench.errors import OptionError, UnknownIdError

CPU = resolve("cpu")
WHOLE = [name for name in METRICS if name not in CENTRED]  # of half stars, sums are whole numbers


def dataset(dense: list | np.ndarray) -> Dataset:
    dense = np.asarray(dense, dtype=float)
    users, items = np.nonzero(~np.isnan(dense))
    ratings = pd.DataFrame({"user_id": users, "item_id": items, "rating": dense[users, items]})
    return Dataset(ratings, pd.DataFrame({"item_id": np.arange(dense.shape[1]), "title": "T"}))


def full(indices: np.ndarray, scores: np.ndarray, n: int) -> np.ndarray:
    """Neighbour lists as a matrix, NaN where a row is no neighbour."""
    matrix = np.full((len(indices), n), NAN)
    rows, ranks = np.nonzero(indices >= 0)
    matrix[rows, indices[rows, ranks]] = scores[rows, ranks]
    return matrix


def run(dense: np.ndarray, metric: str = "cosine", k: int = 5, **options) -> tuple:
    return nearest(sparse_of(dense), metric=metric, k=k, device=CPU, **options)


# --- by hand ------------------------------------------------------------------------------------


def test_worked_example_one() -> None:
    """Cosine 26 / sqrt(34 * 20); a text that prints 0.76 for it is wrong."""
    near = similar(example(), of="users", k=1)
    assert near.scores.tolist() == [[np.float32(26 / np.sqrt(34 * 20))]] * 2
    assert round(float(near.scores[0, 0]), 5) == 0.99705
    assert near.indices.tolist() == [[1], [0]]
    assert similar(example(), of="users", k=1, metric="pearson").scores.tolist() == [[1.0], [1.0]]


def test_worked_example_two() -> None:
    """Cosine 20 / sqrt(34 * 20) = 0.766965, which the first texts rounded to 0.76697.

    Pearson is undefined on the one co-rated item: no neighbour, score 0.
    """
    near = similar(example(table=2), of="users", k=1)
    assert near.scores[0, 0] == np.float32(20 / np.sqrt(34 * 20))
    assert round(float(near.scores[0, 0]), 5) == 0.76696
    near = similar(example(table=2), of="users", k=1, metric="pearson")
    assert near.indices.tolist() == [[-1], [-1]]
    assert near.scores.tolist() == [[0.0], [0.0]]
    assert near.frame().empty


# Users a and b over five items; both rated items 1, 2 and 3.
TWO = np.array([[4, 2, 5, 1, NAN], [5, 1, 3, NAN, 3]])


@pytest.mark.parametrize(
    ("metric", "options", "expected"),
    [
        ("cosine", {}, 37 / (46 * 44) ** 0.5),
        ("cosine", {"shrink": 5}, 37 / ((46 * 44) ** 0.5 + 5)),
        # Co-rated means 11/3 and 3: 2/3 + 10/3 + 0 over roots of 14/3 and 8.
        ("pearson", {}, 4 / (14 / 3 * 8) ** 0.5),
        ("pearson", {"shrink": 2}, 4 / ((14 / 3 * 8) ** 0.5 + 2)),
        # Means of all their ratings, 3 both: 1 * 2 + 1 * 2 + 0 over roots of 10 and 8.
        ("centred_cosine", {}, 4 / 80**0.5),
        # Means of the items 4.5, 1.5 and 4: of one sign nowhere.
        ("adjusted_cosine", {"signed": True}, -1.0),
        ("msd", {}, 1 / ((1 + 1 + 4) / 3 + 1)),
        ("jaccard", {}, 3 / 5),
        ("jaccard", {"shrink": 1}, 3 / 6),
        ("dice", {}, 6 / 8),
        ("dice", {"shrink": 4}, 6 / 12),
        ("asymmetric_cosine", {"alpha": 0.5}, 37 / (46 * 44) ** 0.5),
        ("asymmetric_cosine", {"alpha": 1.0}, 37 / 46),
        ("asymmetric_cosine", {"alpha": 0.0, "shrink": 6}, 37 / 50),
        ("dot", {}, 37.0),
    ],
)
def test_metrics_by_hand(metric: str, options: dict, expected: float) -> None:
    near = similar(dataset(TWO), of="users", metric=metric, k=1, **options)
    assert near.indices.tolist() == [[1], [0]]
    assert near.scores[0, 0] == pytest.approx(expected, rel=1e-6)


def test_adjusted_cosine_as_sarwar_et_al_define_it() -> None:
    """Items compared by ratings less their user's mean; squares over users who rated both."""
    dense = np.array([[5, 4, 3], [1, 2, NAN], [4, 1, 1]])
    first, second = dense[:, 0] - [4, 1.5, 2], dense[:, 1] - [4, 1.5, 2]
    expected = first @ second / np.sqrt((first**2).sum() * (second**2).sum())
    near = similar(dataset(dense), metric="adjusted_cosine", k=2, signed=True)
    assert full(near.indices, near.scores, 3)[0, 1] == np.float32(expected)


@pytest.mark.parametrize(
    ("weighting", "expected"),
    [
        # Of 3 rows, 1 has column a, 2 have b, 1 has c: idf ln 3/2, ln 3/3 and ln 3/2.
        ("tfidf", [[2 * np.log(1.5)], [0.0], [np.log(1.5)]]),
        # Lengths 5, 1 and 1, of a mean 7/3.
        (
            "bm25",
            [
                [4 * 2.2 / (4 + 1.2 * (0.25 + 0.75 * 15 / 7)) * np.log(1.5)],
                [0.0],
                [1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 3 / 7)) * np.log(1.5)],
            ],
        ),
    ],
)
def test_weights_by_hand(weighting: str, expected: list) -> None:
    dense = np.array([[4, 1, NAN], [NAN, 1, NAN], [NAN, NAN, 1]])
    targets, queries = sparse_of(dense), sparse.csr_array(np.eye(3))
    found = Weighting(
        targets.T.tocsr(), SimilarityOptions("dot", weighting=weighting)
    ).transform_rows(targets)
    np.testing.assert_allclose(found.max(axis=1).toarray()[:, None], expected, rtol=1e-12)
    # A column that all rows but one have weighs nothing: b makes nobody neighbours.
    near = nearest(targets, queries=queries, metric="cosine", k=3, weighting=weighting, device=CPU)
    assert near[0].tolist() == [[0, -1, -1], [-1, -1, -1], [2, -1, -1]]


def test_the_frame_names_both_sides() -> None:
    near = similar(dataset([[5, NAN, 5, 1], [5, 3, NAN, NAN], [NAN, NAN, NAN, 4]]), k=3)
    expected = pd.DataFrame(
        {
            "item_id": [0, 0, 0, 1, 2, 2, 3, 3],
            "neighbour_id": [1, 2, 3, 0, 0, 3, 2, 0],
            "score": np.array(
                [
                    2**-0.5,
                    2**-0.5,
                    5 / (50 * 17) ** 0.5,
                    2**-0.5,
                    2**-0.5,
                    17**-0.5,
                    17**-0.5,
                    5 / (50 * 17) ** 0.5,
                ],
                dtype=np.float32,
            ),
            "rank": [1, 2, 3, 1, 1, 2, 1, 2],
        }
    )
    assert_frame_equal(near.frame(), expected)


def test_it_says_what_it_is_of_and_where_it_ran() -> None:
    ds = example()
    near = similar(ds, of="users", metric="pearson", k=4, device="cpu")
    assert near.ids.tolist() == near.pool.tolist() == ["u1", "u2"]
    assert (near.of, near.metric, near.device, near.data_hash) == ("users", "pearson", CPU, ds.hash)
    assert near.indices.shape == near.scores.shape == (2, 4)
    assert near.seconds > 0
    assert near.frame().columns.tolist() == ["user_id", "neighbour_id", "score", "rank"]


# --- against the reference ----------------------------------------------------------------------

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=9)
STARS = st.sampled_from([NAN, NAN, 0.0, 0.5, 1.0, 2.5, 3.0, 4.5, 5.0])
SIGNED = st.sampled_from([NAN, NAN, -100.0, -1.0, 0.0, 1.0, 10.0])
BROKEN = st.sampled_from([NAN, NAN, *(np.pi * np.arange(-7, 8))])  # no multiple of anything short
MIXED = st.sampled_from([NAN, 1e-30, 1.0, 1e15, 3e70])


def tables(elements: st.SearchStrategy) -> st.SearchStrategy:
    """Tables of all small shapes, some with duplicate, empty and all-equal rows."""

    def spoil(table: np.ndarray, row: int, how: str) -> np.ndarray:
        row %= len(table)
        if how == "duplicate":
            table[row] = table[0]
        elif how != "none":
            table[row] = np.where(how == "empty", NAN, np.nanmax(table[row], initial=0.5))
        return table

    spoiled = st.sampled_from(["none", "none", "duplicate", "empty", "all equal"])
    return st.builds(spoil, arrays(float, SHAPES, elements=elements), st.integers(0, 8), spoiled)


OPTIONS = st.fixed_dictionaries(
    {
        "signed": st.booleans(),
        "min_overlap": st.integers(1, 3),
        "shrink": st.sampled_from([0.0, 0.0, 3.0, 0.1, 1e4]),
        "alpha": st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    }
)
KS = st.integers(1, 12)
HALF = settings(max_examples=settings.default.max_examples // 6)
QUARTER = settings(max_examples=settings.default.max_examples // 12)


def allowed(metric: str, options: dict) -> dict:
    return options | {"shrink": 0.0} if metric in WITHOUT_SHRINK else options


@pytest.mark.parametrize("metric", WHOLE)
@HALF
@given(dense=tables(STARS) | tables(SIGNED), k=KS, options=OPTIONS)
def test_ratings_that_are_short_decimals_give_the_definition_to_the_bit(
    metric: str, dense: np.ndarray, k: int, options: dict
) -> None:
    options = allowed(metric, options)
    found = run(dense, metric, k, **options)
    assert found[0].shape == (len(dense), k)
    expected = reference(dense, metric, **options)
    assert_neighbours(found, expected, signed=options["signed"], **EXACT)


@pytest.mark.parametrize("metric", METRICS)
@HALF
@given(
    dense=tables(STARS) | tables(SIGNED) | tables(BROKEN),
    size=st.sampled_from([1.0, 1.0, 3e70, 1e-30]),
    k=KS,
    options=OPTIONS,
)
def test_any_ratings_give_the_definition_nearly(
    metric: str, dense: np.ndarray, size: float, k: int, options: dict
) -> None:
    if metric not in BINARY:
        options["shrink"] *= size**2
    options = allowed(metric, options)
    found = run(dense * size, metric, k, **options)
    expected = reference(dense * size, metric, **options)
    close = CLOSE | {"atol": CLOSE["atol"] * size**2} if metric == "dot" else CLOSE
    assert_neighbours(found, expected, signed=options["signed"], **close)


@pytest.mark.parametrize("weighting", WEIGHTINGS[1:])
@pytest.mark.parametrize("metric", [name for name in METRICS if name not in BINARY])
@QUARTER
@given(dense=tables(STARS), k=KS, options=OPTIONS)
def test_weighted_ratings_give_the_definition_nearly(
    metric: str, weighting: str, dense: np.ndarray, k: int, options: dict
) -> None:
    options = allowed(metric, options) | {"weighting": weighting}
    found = run(dense, metric, k, **options)
    expected = reference(dense, metric, **options)
    assert_neighbours(found, expected, signed=options["signed"], **CLOSE)


@pytest.mark.parametrize("metric", METRICS)
@HALF
@given(data=st.data(), weighting=st.sampled_from(WEIGHTINGS), k=KS, options=OPTIONS)
def test_queries_from_outside_are_weighted_and_centred_by_the_targets(
    metric: str, data: st.DataObject, weighting: str, k: int, options: dict
) -> None:
    dense = data.draw(tables(STARS))
    shape = (data.draw(st.integers(0, 4)), dense.shape[1])
    queries = data.draw(arrays(float, shape, elements=STARS))
    own = data.draw(arrays(int, len(queries), elements=st.integers(-1, len(dense) - 1)))
    options = allowed(metric, options)
    options["weighting"] = "none" if metric in BINARY else weighting
    found = nearest(
        sparse_of(dense), queries=sparse_of(queries), exclude=own, metric=metric, k=k, device=CPU,
        **options,
    )  # fmt: skip
    assert found[0].shape == (len(queries), k)
    expected = reference(dense, metric, queries=queries, own=own, **options)
    assert_neighbours(found, expected, signed=options["signed"], own=own, **CLOSE)


@pytest.mark.parametrize("metric", [name for name in METRICS if name != "dot"])
@QUARTER
@given(arrays(float, SHAPES, elements=MIXED))
def test_huge_next_to_tiny_ratings_never_make_a_score_that_is_none(
    metric: str, dense: np.ndarray
) -> None:
    indices, scores = run(dense, metric, k=len(dense), signed=True)
    assert_well_formed(indices, scores)
    assert (np.abs(scores) <= 1).all()


@pytest.mark.parametrize("size", [1e-200, 1e200])
@pytest.mark.parametrize("metric", [name for name in METRICS if name != "dot"])
def test_ratings_whose_squares_are_no_floats_are_fine(metric: str, size: float) -> None:
    """Their scale, squared, was out of range: ZeroDivisionError, or OverflowError."""
    dense = np.array([[1, 2, 4.5], [2, 3, 7], [1, 2, 4.5], [NAN, 1, 1]]) * np.pi
    found, expected = run(dense * size, metric, 3), run(dense, metric, 3)
    if metric == "msd":  # not the same in another unit: differences are all or nothing
        assert found[0][0].tolist() == ([1, 2, 3] if size < 1 else [2, -1, -1])
        assert found[1][0].tolist() == ([1, 1, 1] if size < 1 else [1, 0, 0])
    else:
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-5)


# --- against other libraries --------------------------------------------------------------------


@HALF
@given(tables(STARS))
def test_cosine_equals_scikit_learns(dense: np.ndarray) -> None:
    found = full(*run(dense, k=len(dense)), len(dense))
    expected = cosine_similarity(np.nan_to_num(dense))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(np.nan_to_num(found), expected, atol=1e-6)


@HALF
@given(tables(STARS))
def test_pearson_equals_scipys_over_co_rated_pairs(dense: np.ndarray) -> None:
    found = full(*run(dense, "pearson", k=len(dense), signed=True), len(dense))
    for i, j in zip(*np.triu_indices(len(dense), 1), strict=True):
        both = ~np.isnan(dense[i] + dense[j])
        x, y = dense[i][both], dense[j][both]
        if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
            assert np.isnan(found[i, j])
        else:
            assert found[i, j] == pytest.approx(pearsonr(x, y).statistic, abs=1e-6)


@pytest.mark.parametrize("metric", ["jaccard", "dice"])
@HALF
@given(tables(STARS))
def test_overlaps_equal_scikit_learns_and_scipys(metric: str, dense: np.ndarray) -> None:
    there = ~np.isnan(dense)
    found = np.nan_to_num(full(*run(dense, metric, k=len(dense)), len(dense)))
    for distances in (pairwise_distances(there, metric=metric), cdist(there, there, metric)):
        expected = 1 - distances
        # Of two empty sets they say that they are equal; here they have nothing in common.
        expected[np.ix_(~there.any(axis=1), ~there.any(axis=1))] = 0
        np.fill_diagonal(expected, 0)
        np.testing.assert_allclose(found, expected, atol=1e-6)


RATED = arrays(float, SHAPES, elements=st.sampled_from([0.5, 1.0, 2.5, 3.0, 4.5, 5.0]))


@HALF
@given(RATED)
def test_where_all_is_rated_the_textbook_similarities_come_out(dense: np.ndarray) -> None:
    n = len(dense)

    def matrix(metric: str, **options) -> np.ndarray:
        return np.nan_to_num(full(*run(dense, metric, n, signed=True, **options), n))

    def off_diagonal(expected: np.ndarray) -> np.ndarray:
        return np.nan_to_num(np.where(np.eye(n, dtype=bool), 0, expected))

    def close(found: np.ndarray, expected: np.ndarray) -> None:
        np.testing.assert_allclose(found, off_diagonal(expected), rtol=1e-5, atol=1e-6)

    by_column = dense - dense.mean(axis=0)
    by_column[:, np.ptp(dense, axis=0) == 0] = 0
    close(matrix("adjusted_cosine"), cosine_similarity(by_column))
    close(matrix("dot"), dense @ dense.T)
    close(matrix("asymmetric_cosine"), cosine_similarity(dense))
    close(matrix("msd"), 1 / (cdist(dense, dense, "sqeuclidean") / dense.shape[1] + 1))
    varied = np.ptp(dense, axis=1) > 0
    defined = varied[:, None] & varied
    with np.errstate(all="ignore"):
        correlation = np.where(defined, 1 - cdist(dense, dense, "correlation"), 0)
    close(matrix("pearson"), correlation)
    close(matrix("centred_cosine"), correlation)


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("some", [[7, 3, 29, 7], [7, 3], list(range(30, 0, -1))])
def test_some_rows_equal_those_rows_of_all(of: str, metric: str, some: list) -> None:
    ds = synthetic(40, 30, 400, seed=2)
    whole = similar(ds, of=of, metric=metric, k=5)
    found = similar(ds, of=of, metric=metric, k=5, ids=some)
    assert found.ids.tolist() == some
    assert found.pool.equals(whole.pool)
    rows = whole.ids.get_indexer(some)
    if metric in CENTRED:
        np.testing.assert_allclose(found.scores, whole.scores[rows], rtol=1e-6)
    else:
        assert np.array_equal(found.indices, whole.indices[rows])
        assert np.array_equal(found.scores, whole.scores[rows])


@pytest.mark.parametrize("weighting", WEIGHTINGS[1:])
def test_some_rows_are_weighted_by_all(weighting: str) -> None:
    ds = synthetic(40, 30, 400, seed=2)
    whole = similar(ds, k=5, weighting=weighting)
    some = similar(ds, k=5, weighting=weighting, ids=[3, 29])
    np.testing.assert_allclose(some.scores, whole.scores[[2, 28]], rtol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_no_rows_asked_for_is_no_rows(metric: str) -> None:
    """ids=[] ran into np.concatenate of nothing."""
    near = similar(example(), metric=metric, ids=[], k=2)
    assert near.indices.shape == (0, 2)
    assert near.frame().empty


def test_one_id_need_not_be_a_list() -> None:
    assert similar(example(), of="users", ids="u2", k=1).indices.tolist() == [[0]]


@pytest.mark.parametrize("metric", METRICS)
def test_users_and_items_are_each_others_transpose(metric: str) -> None:
    dense = np.array([[5, 3, NAN], [4, NAN, 2], [NAN, 1, 1]])
    users = similar(dataset(dense), of="users", metric=metric, k=2)
    items = similar(dataset(dense.T), metric=metric, k=2)
    assert np.array_equal(users.indices, items.indices)
    assert np.array_equal(users.scores, items.scores)


def test_ties_go_to_the_lower_index() -> None:
    indices, scores = run(np.ones((5, 2)), k=2)
    assert indices.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]
    assert scores.tolist() == [[1.0, 1.0]] * 5


def test_duplicate_users_are_each_others_nearest() -> None:
    row = [0.1, 0.7, NAN, 4.3]
    indices, scores = run(np.array([row, [1, NAN, 2, 2], row]), k=1)
    assert indices.ravel()[[0, 2]].tolist() == [2, 0]
    assert scores.ravel()[[0, 2]].tolist() == [1.0, 1.0]


def test_rows_that_are_all_equal_have_a_cosine_and_no_correlation() -> None:
    dense = np.full((3, 4), 0.1)
    assert (run(dense, k=2)[1] == 1).all()
    for metric in ("pearson", "centred_cosine", "adjusted_cosine"):
        assert (run(dense, metric, k=2)[0] == -1).all()


def test_one_column_and_one_row() -> None:
    assert run(np.array([[2.0], [3.0]]), k=1)[1].tolist() == [[1.0], [1.0]]
    assert run(np.array([[2.0], [3.0]]), "pearson", k=1)[0].tolist() == [[-1], [-1]]
    assert run(np.array([[2.0, 1.0]]), k=2)[0].tolist() == [[-1, -1]]


def test_an_empty_row_has_no_neighbours_and_is_none() -> None:
    dense = np.array([[NAN, NAN], [1, 2], [2, 1]])
    for metric in METRICS:
        indices, _ = run(dense, metric, k=3, signed=True)
        assert indices[0].tolist() == [-1, -1, -1]
        assert 0 not in indices


def test_more_neighbours_than_rows_are_padded() -> None:
    near = similar(example(), of="users", k=4)
    assert near.indices.tolist() == [[1, -1, -1, -1], [0, -1, -1, -1]]
    assert near.scores[:, 1:].tolist() == [[0.0] * 3] * 2


def test_signed_keeps_zero_and_below_where_rows_meet() -> None:
    dense = np.array([[1, -1, NAN], [1, 1, NAN], [-1, 1, NAN], [NAN, NAN, 1]])
    assert run(dense, k=3)[0].tolist() == [[-1] * 3] * 4
    indices, scores = run(dense, k=3, signed=True)
    assert indices.tolist() == [[1, 2, -1], [0, 2, -1], [1, 0, -1], [-1] * 3]
    assert scores[0].tolist() == [0.0, -1.0, 0.0]


def test_a_query_need_not_be_among_the_targets() -> None:
    targets = sparse_of(np.array([[5, 3, NAN], [4, NAN, 2], [NAN, NAN, 1]]))
    query = sparse_of(np.array([[5, 3, NAN]]))
    indices, scores = nearest(targets, queries=query, k=3, device=CPU)
    assert indices.tolist() == [[0, 1, -1]]
    assert scores[0, 0] == 1
    assert nearest(targets, queries=query, exclude=np.array([0]), k=3, device=CPU)[0][0, 0] == 1


def test_ratings_of_zero_count_as_co_rated() -> None:
    dense = np.array([[0, 2, 4], [0, 1, 2], [NAN, 1, 2]])
    _, scores = run(dense, "pearson", k=2, min_overlap=3)
    assert scores.tolist() == [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]


def test_alpha_weighs_the_row_itself() -> None:
    """With alpha=1 a score is the share of the row that the other covers."""
    dense = np.array([[1, 1, 1, 1], [1, NAN, NAN, NAN]])
    assert run(dense, "asymmetric_cosine", 1, alpha=1.0)[1].tolist() == [[0.25], [1.0]]
    assert run(dense, "asymmetric_cosine", 1, alpha=0.0)[1].tolist() == [[1.0], [0.25]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k=0 must be a whole number of 1 or more"),
        ({"k": -3}, "k=-3 must be"),
        ({"k": 2.5}, "k=2.5 must be"),
        ({"k": True}, "k=True must be"),
        ({"min_overlap": 0}, "min_overlap=0 must be"),
        ({"metric": "cosin"}, "metric='cosin' is not one of 'cosine', 'pearson'.*; did you mean"),
        ({"of": "films"}, "of='films' is not one of 'items', 'users'"),
        ({"device": "tpu"}, "device='tpu' is not one of"),
        ({"alpha": -0.1}, "alpha=-0.1 must lie between 0 and 1"),
        ({"alpha": 1.5}, "alpha=1.5 must lie between 0 and 1"),
        ({"alpha": NAN}, "alpha=nan must lie between 0 and 1"),
        ({"shrink": -1}, "shrink=-1 must be a finite number of 0 or more"),
        ({"shrink": np.inf}, "shrink=inf must be a finite number of 0 or more"),
        ({"shrink": NAN}, "shrink=nan must be"),
        ({"metric": "dot", "shrink": 1}, "metric='dot' has no denominator.*use shrink=0"),
        ({"metric": "msd", "shrink": 1}, "metric='msd' has no denominator.*use shrink=0"),
        ({"weighting": "tf-idf"}, "weighting='tf-idf' is not one of 'none', 'tfidf', 'bm25'; did"),
        (
            {"weighting": "bm25", "metric": "jaccard"},
            "weighting='bm25' has no effect .*; use weighting='none'",
        ),
        (
            {"weighting": "tfidf", "metric": "dice"},
            "weighting='tfidf' has no effect .*; use weighting='none'",
        ),
    ],
)
def test_bad_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        similar(example(), **options)


@pytest.mark.parametrize("weighting", WEIGHTINGS[1:])
def test_negative_ratings_have_no_weight(weighting: str) -> None:
    ds = dataset([[1, -1], [2, 3]])
    with pytest.raises(OptionError, match=f"weighting='{weighting}' needs values of 0 or more"):
        similar(ds, weighting=weighting)
    targets, queries = sparse_of(np.ones((2, 2))), sparse_of(np.array([[1.0, -1.0]]))
    with pytest.raises(OptionError, match=f"weighting='{weighting}' needs values of 0 or more"):
        nearest(targets, queries=queries, weighting=weighting, device=CPU)


def test_unknown_rows_are_refused() -> None:
    with pytest.raises(UnknownIdError, match="item 'C' has no interactions"):
        similar(example(), ids=["A", "C"])
    with pytest.raises(UnknownIdError, match="user 'u9' has no interactions"):
        similar(example(), of="users", ids=["u9"])


def test_common_ratings_are_what_a_similarity_rests_on() -> None:
    ds = dataset([[5, 3, NAN], [4, 2, 1], [NAN, 1, 1]])
    assert common_ratings(ds, 0, 1).to_numpy().tolist() == [[0, 5, 3], [1, 4, 2]]
    assert common_ratings(ds, 1, 2, of="users").to_numpy().tolist() == [[1, 2, 1], [2, 1, 1]]
    assert common_ratings(ds, 0, 1).columns.tolist() == ["user_id", "first", "second"]


# --- the card -----------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", METRICS)
def test_the_card_gives_the_processors_result(of: str, metric: str) -> None:
    """To the bit; `test_cuda` has what can be shown without a card."""
    ds = synthetic(300, 200, 6_000, seed=3)
    for options in ({}, {"signed": True}, {"min_overlap": 3}, {"ids": [5, 1]}):
        card, cpu = (
            similar(ds, of=of, metric=metric, k=20, device=device, **options)
            for device in ("gpu", "cpu")
        )
        assert_same((card.indices, card.scores), (cpu.indices, cpu.scores))
