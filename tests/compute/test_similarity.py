"""Exact neighbours: by hand, against a dense reference, SciPy and scikit-learn, and by blocks."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pandas.testing import assert_frame_equal
from scipy import sparse
from scipy.stats import pearsonr
from sklearn.metrics.pairwise import cosine_similarity

from workbench.compute import _blocks, _cupy, common_ratings, nearest, resolve, similar
from workbench.compute.metrics import METRICS
from workbench.datasets import Dataset, example, synthetic
from workbench.errors import OptionError, UnknownIdError

CPU = resolve("cpu")
NAN = np.nan


def sparse_of(dense: np.ndarray) -> sparse.csr_array:
    """NaN is no rating; a rating of 0 is one."""
    rows, columns = np.nonzero(~np.isnan(dense))
    entries = (dense[rows, columns], (rows, columns))
    return sparse.coo_array(entries, shape=dense.shape).tocsr()


def dataset(dense: list | np.ndarray) -> Dataset:
    dense = np.asarray(dense, dtype=float)
    users, items = np.nonzero(~np.isnan(dense))
    ratings = pd.DataFrame({"user_id": users, "item_id": items, "rating": dense[users, items]})
    return Dataset(ratings, pd.DataFrame({"item_id": np.arange(dense.shape[1]), "title": "T"}))


def pair_score(x: np.ndarray, y: np.ndarray, metric: str) -> float:
    """The definition, one pair at a time, in float64."""
    both = ~(np.isnan(x) | np.isnan(y))
    if metric == "cosine":
        lengths = np.sqrt(np.nansum(x**2) * np.nansum(y**2))
        return np.sum(x[both] * y[both]) / lengths if lengths else NAN
    if not both.any() or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return NAN
    a, b = x[both] - x[both].mean(), y[both] - y[both].mean()
    return np.sum(a * b) / np.sqrt(np.sum(a**2) * np.sum(b**2))


def reference(dense: np.ndarray, metric: str, signed: bool, min_overlap: int) -> np.ndarray:
    n = len(dense)
    scores = np.full((n, n), NAN)
    for i in range(n):
        for j in range(n):
            overlap = np.sum(~(np.isnan(dense[i]) | np.isnan(dense[j])))
            if i != j and overlap >= min_overlap:
                score = pair_score(dense[i], dense[j], metric)
                scores[i, j] = score if signed or score > 1e-12 else NAN
    return scores


def full(indices: np.ndarray, scores: np.ndarray, n: int) -> np.ndarray:
    """Neighbour lists as a matrix, NaN where a row is no neighbour."""
    matrix = np.full((len(indices), n), NAN)
    rows, ranks = np.nonzero(indices >= 0)
    matrix[rows, indices[rows, ranks]] = scores[rows, ranks]
    return matrix


def assert_well_formed(indices: np.ndarray, scores: np.ndarray) -> None:
    """Best first, ties to the lower index, no row its own neighbour, pads at the end."""
    assert indices.dtype == np.int32
    assert scores.dtype == np.float32
    for row, (neighbours, best) in enumerate(zip(indices.tolist(), scores.tolist(), strict=True)):
        assert row not in neighbours
        known = [
            (-score, index) for index, score in zip(neighbours, best, strict=True) if index >= 0
        ]
        assert known == sorted(known)
        assert neighbours[len(known) :] == [-1] * (len(neighbours) - len(known))
        assert best[len(known) :] == [0.0] * (len(neighbours) - len(known))


def run(dense: np.ndarray, metric: str = "cosine", k: int = 5, **options) -> tuple:
    matrix = sparse_of(dense)
    own = np.arange(len(dense))
    return nearest(matrix, matrix, own=own, metric=metric, k=k, device=CPU, **options)


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
                    34**-0.5 / 2**0.5,
                    2**-0.5,
                    2**-0.5,
                    17**-0.5,
                    17**-0.5,
                    34**-0.5,
                ],
                dtype=np.float32,
            ),
            "rank": [1, 2, 3, 1, 1, 2, 1, 2],
        }
    )
    expected.loc[[2, 7], "score"] = np.float32(5 / np.sqrt(50 * 17))
    assert_frame_equal(near.frame(), expected)


def test_it_says_what_it_is_of_and_where_it_ran() -> None:
    ds = example()
    near = similar(ds, of="users", metric="pearson", k=4, device="cpu")
    assert near.ids.tolist() == near.pool.tolist() == ["u1", "u2"]
    assert (near.of, near.metric, near.device, near.data_hash) == ("users", "pearson", CPU, ds.hash)
    assert near.indices.shape == near.scores.shape == (2, 4)
    assert near.seconds > 0
    assert near.frame().columns.tolist() == ["user_id", "neighbour_id", "score", "rank"]


STARS = st.sampled_from([NAN, NAN, 0.0, 0.5, 1.0, 2.5, 3.0, 4.5, 5.0])
SIGNED = st.sampled_from([NAN, NAN, -100.0, -1.0, 0.0, 1.0, 10.0])
HUGE = st.sampled_from([NAN, 1e-30, 1.0, 1e15, 3e70])
SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=9)


@pytest.mark.parametrize("metric", METRICS)
@given(
    dense=st.one_of(arrays(float, SHAPES, elements=STARS), arrays(float, SHAPES, elements=SIGNED)),
    k=st.integers(1, 12),
    signed=st.booleans(),
    min_overlap=st.integers(1, 3),
)
def test_equals_the_definition_pair_by_pair(
    metric: str, dense: np.ndarray, k: int, signed: bool, min_overlap: int
) -> None:
    indices, scores = run(dense, metric, k, signed=signed, min_overlap=min_overlap)
    assert_well_formed(indices, scores)
    expected = reference(dense, metric, signed, min_overlap)
    found = full(indices, scores, len(dense))
    counts = (indices >= 0).sum(axis=1)
    assert counts.tolist() == np.minimum(k, np.isfinite(expected).sum(axis=1)).tolist()
    chosen = np.isfinite(found)
    np.testing.assert_allclose(found[chosen], expected[chosen], rtol=1e-6, atol=1e-7)
    # None of those left out is better than the worst that was taken.
    worst = np.where(counts == k, np.nanmin(np.where(chosen, found, np.inf), axis=1), np.inf)
    left_out = np.where(chosen | np.isnan(expected), -np.inf, expected).max(axis=1)
    assert (left_out <= worst + 1e-6).all()


@given(arrays(float, SHAPES, elements=STARS))
def test_cosine_equals_scikit_learns(dense: np.ndarray) -> None:
    found = full(*run(dense, k=len(dense)), len(dense))
    expected = cosine_similarity(np.nan_to_num(dense))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(np.nan_to_num(found), expected, atol=1e-6)


@given(arrays(float, SHAPES, elements=STARS))
def test_pearson_equals_scipys_over_co_rated_pairs(dense: np.ndarray) -> None:
    found = full(*run(dense, "pearson", k=len(dense), signed=True), len(dense))
    for i, j in zip(*np.triu_indices(len(dense), 1), strict=True):
        both = ~np.isnan(dense[i] + dense[j])
        x, y = dense[i][both], dense[j][both]
        if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
            assert np.isnan(found[i, j])
        else:
            assert found[i, j] == pytest.approx(pearsonr(x, y).statistic, abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
@given(arrays(float, SHAPES, elements=HUGE))
def test_huge_ratings_never_make_a_score_that_is_none(metric: str, dense: np.ndarray) -> None:
    indices, scores = run(dense, metric, k=len(dense), signed=True)
    assert_well_formed(indices, scores)
    assert (np.abs(scores) <= 1).all()


@pytest.mark.parametrize("metric", METRICS)
def test_the_result_does_not_depend_on_the_size_of_blocks(metric: str, monkeypatch) -> None:
    ds = synthetic(60, 40, 700, seed=1)
    whole = similar(ds, metric=metric, k=7)
    for size in (1, 40 * 8 * 3 * 7):
        monkeypatch.setattr(_blocks, "BLOCK_BYTES", size)
        parts = similar(ds, metric=metric, k=7)
        assert np.array_equal(parts.indices, whole.indices)
        assert np.array_equal(parts.scores, whole.scores)


@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", METRICS)
def test_some_rows_equal_those_rows_of_all(of: str, metric: str) -> None:
    ds = synthetic(40, 30, 400, seed=2)
    whole = similar(ds, of=of, metric=metric, k=5)
    some = similar(ds, of=of, metric=metric, k=5, ids=[7, 3, 29, 7])
    assert some.ids.tolist() == [7, 3, 29, 7]
    assert some.pool.equals(whole.pool)
    rows = whole.ids.get_indexer([7, 3, 29, 7])
    assert np.array_equal(some.indices, whole.indices[rows])
    assert np.array_equal(some.scores, whole.scores[rows])


def test_no_rows_asked_for_is_no_rows() -> None:
    """ids=[] ran into np.concatenate of nothing."""
    near = similar(example(), ids=[], k=2)
    assert near.indices.shape == (0, 2)
    assert near.frame().empty


def test_users_and_items_are_each_others_transpose() -> None:
    dense = np.array([[5, 3, NAN], [4, NAN, 2], [NAN, 1, 1]])
    users, items = similar(dataset(dense), of="users", k=2), similar(dataset(dense.T), k=2)
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


def test_rows_that_are_all_equal_have_a_cosine_and_no_pearson() -> None:
    dense = np.full((3, 4), 0.1)
    assert (run(dense, k=2)[1] == 1).all()
    assert (run(dense, "pearson", k=2)[0] == -1).all()


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
    indices, scores = nearest(query, targets, own=np.array([-1]), k=3, device=CPU)
    assert indices.tolist() == [[0, 1, -1]]
    assert scores[0, 0] == 1


def test_ratings_of_zero_count_as_co_rated() -> None:
    dense = np.array([[0, 2, 4], [0, 1, 2], [NAN, 1, 2]])
    _, scores = run(dense, "pearson", k=2, min_overlap=3)
    assert scores.tolist() == [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k=0 must be a whole number of 1 or more"),
        ({"k": -3}, "k=-3 must be"),
        ({"k": 2.5}, "k=2.5 must be"),
        ({"k": True}, "k=True must be"),
        ({"min_overlap": 0}, "min_overlap=0 must be"),
        ({"metric": "cosin"}, "metric='cosin' is not one of 'cosine', 'pearson'; did you mean"),
        ({"of": "films"}, "of='films' is not one of 'items', 'users'"),
        ({"device": "tpu"}, "device='tpu' is not one of"),
    ],
)
def test_bad_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        similar(example(), **options)


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


@pytest.mark.parametrize("metric", METRICS)
@given(dense=arrays(float, SHAPES, elements=STARS), signed=st.booleans(), overlap=st.integers(1, 2))
def test_the_cards_product_gives_the_processors_result(
    metric: str, dense: np.ndarray, signed: bool, overlap: int
) -> None:
    """The dense product of the CuPy engine, on SciPy's arrays: the same code without a card."""
    matrix, options = sparse_of(dense), {"signed": signed, "min_overlap": overlap}
    found = _blocks.nearest_in_blocks(
        matrix,
        matrix,
        METRICS[metric],
        4,
        own=np.arange(len(dense)),
        prepare=lambda matrix: matrix,
        product=_cupy._dense_product,
        **options,
    )
    expected = run(dense, metric, 4, **options)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


@pytest.mark.gpu
@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", METRICS)
def test_the_card_gives_the_processors_result(of: str, metric: str, monkeypatch) -> None:
    ds = synthetic(300, 200, 6_000, seed=3)
    for size in (_blocks.BLOCK_BYTES, 200 * 8 * 3 * 50):
        monkeypatch.setattr(_blocks, "BLOCK_BYTES", size)
        for options in ({}, {"signed": True}, {"min_overlap": 3}, {"ids": [5, 1]}):
            card = similar(ds, of=of, metric=metric, k=20, device="gpu", **options)
            cpu = similar(ds, of=of, metric=metric, k=20, device="cpu", **options)
            assert np.array_equal(card.indices, cpu.indices)
            assert np.array_equal(card.scores, cpu.scores)
