"""Weights and means: by hand, as implicit computes them, and alike however rows come in."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import sparse

from tests.compute.reference import BINARY, NAN, prepared, sparse_of
from workbench.compute.options import WEIGHTINGS, SimilarityOptions
from workbench.compute.weighting import K1, B, Weighting, column_weights
from workbench.errors import OptionError

STARS = st.sampled_from([NAN, NAN, 0.0, 0.5, 1.0, 2.5, 3.0, 4.5, 5.0])
TABLES = arrays(float, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=STARS)
# Three rows over columns a, b and c; column b is had by two of three.
HAND = np.array([[4, 1, NAN], [NAN, 1, NAN], [NAN, NAN, 1]])


def prepare(
    dense: np.ndarray, metric: str = "cosine", weighting: str = "none"
) -> tuple[np.ndarray, Weighting]:
    """What the engine is given, NaN where there is no entry, and the preparation itself."""
    by_feature = sparse_of(dense).T.tocsr()
    preparation = Weighting(by_feature, SimilarityOptions(metric, weighting=weighting))
    return table(preparation.transform_features(by_feature).T.tocsr()), preparation


def table(matrix: sparse.csr_array) -> np.ndarray:
    dense = np.full(matrix.shape, NAN)
    dense[matrix.tocoo().coords] = matrix.data
    return dense


def test_nothing_asked_for_is_nothing_done() -> None:
    by_feature = sparse_of(HAND).T.tocsr()
    assert (
        Weighting(by_feature, SimilarityOptions("cosine")).transform_features(by_feature)
        is by_feature
    )


def test_tfidf_by_hand() -> None:
    """The idf of a column: ln 3/2, ln 3/3, and ln 3/2 again."""
    idf = np.log(3) - np.log(2)
    expected = [[2 * idf, 0, NAN], [NAN, 0, NAN], [NAN, NAN, idf]]
    np.testing.assert_allclose(prepare(HAND, weighting="tfidf")[0], expected, atol=1e-15)


def test_bm25_by_hand() -> None:
    """Rows of length 5, 1 and 1, of a mean 7 / 3."""
    idf = np.log(3) - np.log(2)
    first = 4 * 2.2 / (4 + 1.2 * (0.25 + 0.75 * 5 / (7 / 3))) * idf
    third = 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / (7 / 3))) * idf
    expected = [[first, 0, NAN], [NAN, 0, NAN], [NAN, NAN, third]]
    np.testing.assert_allclose(prepare(HAND, weighting="bm25")[0], expected, atol=1e-15)


def implicit_idf(matrix: sparse.coo_array) -> np.ndarray:
    """But for columns that all rows have, to which implicit gives a weight below 0."""
    return np.maximum(0, np.log(matrix.shape[0] / (1 + np.bincount(matrix.col))))


def implicit_tfidf(matrix: sparse.csr_array) -> np.ndarray:
    """As implicit.nearest_neighbours.tfidf_weight, version 0.7."""
    matrix = matrix.tocoo()
    idf = implicit_idf(matrix)
    matrix.data = np.sqrt(matrix.data) * idf[matrix.col]
    return table(matrix.tocsr())


def implicit_bm25(matrix: sparse.csr_array, k1: float, b: float) -> np.ndarray:
    """As implicit.nearest_neighbours.bm25_weight, version 0.7."""
    matrix = matrix.tocoo()
    idf = implicit_idf(matrix)
    row_sums = np.ravel(matrix.sum(axis=1))
    average_length = row_sums.mean()
    length_norm = (1.0 - b) + b * row_sums / average_length
    weights = matrix.data * (k1 + 1.0) / (k1 * length_norm[matrix.row] + matrix.data)
    matrix.data = weights * idf[matrix.col]
    return table(matrix.tocsr())


@pytest.mark.parametrize(
    ("rows", "count", "weight"),
    # ln(N / (1 + n)) to 40 digits, rounded to float64.
    [(3, 1, 0.4054651081081644), (3000, 1, 7.313220387090301), (610, 213, 1.0474829421455054)],
)
def test_weights_have_the_same_bits_on_every_processor(rows, count, weight) -> None:
    assert column_weights(rows, np.array([count])).tolist() == [weight]


def test_a_column_that_all_rows_have_or_all_but_one_weighs_nothing() -> None:
    """ln N - ln(1 + n) is 2e-16 on some processors: two rows with only it were neighbours there."""
    for rows in range(1, 3000):
        assert not column_weights(rows, np.array([rows, rows - 1])).any()
        assert (column_weights(rows, np.arange(rows - 1)) > 0).all() if rows < 50 else True


@given(TABLES.filter(lambda dense: np.nansum(dense) > 0))
def test_weights_are_those_of_implicit(dense: np.ndarray) -> None:
    matrix = sparse_of(dense)
    found, _ = prepare(dense, weighting="tfidf")
    np.testing.assert_allclose(found, implicit_tfidf(matrix), rtol=1e-12, atol=1e-15)
    found, _ = prepare(dense, weighting="bm25")
    np.testing.assert_allclose(found, implicit_bm25(matrix, K1, B), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("metric", ["cosine", "centred_cosine", "adjusted_cosine"])
@settings(max_examples=settings.default.max_examples // 6)
@given(dense=TABLES, queries=TABLES)
def test_weights_come_first_then_means(
    weighting: str, metric: str, dense: np.ndarray, queries: np.ndarray
) -> None:
    found, preparation = prepare(dense, metric, weighting)
    expected = prepared(dense, dense, metric, weighting)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    # Rows that are handed in by row come out the same, whoever they are.
    again = table(preparation.transform_rows(sparse_of(dense)))
    assert np.array_equal(again, found, equal_nan=True)
    for i, row in enumerate(dense):
        alone = table(preparation.transform_rows(sparse_of(row[None])))
        np.testing.assert_allclose(alone, found[i : i + 1], rtol=1e-12)


@pytest.mark.parametrize("metric", BINARY)
@given(dense=TABLES)
def test_sets_are_ones(metric: str, dense: np.ndarray) -> None:
    found, preparation = prepare(dense, metric)
    assert np.array_equal(found, np.where(np.isnan(dense), NAN, 1.0), equal_nan=True)
    assert np.array_equal(
        table(preparation.transform_rows(sparse_of(dense))), found, equal_nan=True
    )


@given(TABLES)
def test_what_is_centred_adds_up_to_nothing(dense: np.ndarray) -> None:
    by_row, _ = prepare(dense, "centred_cosine")
    np.testing.assert_allclose(np.nansum(by_row, axis=1), 0, atol=1e-12)
    by_column, _ = prepare(dense, "adjusted_cosine")
    np.testing.assert_allclose(np.nansum(by_column, axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("value", [0.1, np.pi, 1e-30, 3e70, -1 / 3, 0.0])
@pytest.mark.parametrize("count", [2, 3, 10, 1000, 200_000])
def test_rows_and_columns_that_are_all_equal_become_zeros_exactly(value: float, count: int) -> None:
    """Rounding error of a sum over many made a row of noise, with a cosine of 1 to its like."""
    for metric, dense in (
        ("centred_cosine", np.full((1, count), value)),
        ("adjusted_cosine", np.full((count, 1), value)),
    ):
        found, preparation = prepare(dense, metric)
        assert not found.any()
        assert not preparation.transform_rows(sparse_of(dense)).data.any()


def test_a_rating_at_the_mean_is_zero_exactly_and_stays_an_entry() -> None:
    found, _ = prepare(np.array([[0.1, 0.2, 0.3], [0.7, 0.7, NAN]]), "centred_cosine")
    assert found[0, 1] == 0
    assert np.array_equal(found[1], [0, 0, NAN], equal_nan=True)


@pytest.mark.parametrize("weighting", WEIGHTINGS[1:])
def test_ratings_of_zero_weigh_nothing_even_where_there_is_nothing_else(weighting: str) -> None:
    """Lengths were divided by their mean, which is 0: every value became NaN, with a warning."""
    dense = np.array([[0, 0, NAN], [NAN, 0, NAN]])
    with np.errstate(all="raise"):
        found, _ = prepare(dense, weighting=weighting)
    assert np.array_equal(found, dense, equal_nan=True)


@pytest.mark.parametrize("weighting", WEIGHTINGS[1:])
@pytest.mark.parametrize("metric", BINARY)
def test_weights_without_effect_are_refused(metric: str, weighting: str) -> None:
    with pytest.raises(OptionError, match=f"weighting='{weighting}' has no effect on a metric"):
        prepare(HAND, metric, weighting)


@pytest.mark.parametrize("weighting", WEIGHTINGS[1:])
def test_negative_values_are_refused_in_rows_and_in_queries(weighting: str) -> None:
    """Queries were not looked at: their roots were NaN."""
    with pytest.raises(OptionError, match=f"weighting='{weighting}' needs values of 0 or more"):
        prepare(-HAND, weighting=weighting)
    _, preparation = prepare(HAND, weighting=weighting)
    with pytest.raises(OptionError, match=f"weighting='{weighting}' needs values of 0 or more"):
        preparation.transform_rows(sparse_of(-HAND))


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("metric", ["cosine", "centred_cosine", "adjusted_cosine"])
def test_the_input_is_left_alone(metric: str, weighting: str) -> None:
    by_feature = sparse_of(HAND).T.tocsr()
    before = by_feature.copy()
    Weighting(by_feature, SimilarityOptions(metric, weighting=weighting)).transform_features(
        by_feature
    )
    assert np.array_equal(by_feature.data, before.data)
    assert np.array_equal(by_feature.indices, before.indices)
