"""The k best of every row against a plain sort, ties and all."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from workbench.compute import top_k
from workbench.compute.cpu import topk_kernels
from workbench.compute.topk_keys import EMPTY, best, pack, unpack

NAN, INF = np.nan, np.inf


def naive(row: np.ndarray, k: int) -> tuple[list[int], list[float]]:
    rounded = row.astype(np.float32)
    chosen = [column for column, score in enumerate(rounded) if score > -INF]
    best = sorted(chosen, key=lambda column: (-rounded[column], column))[:k]
    pad = k - len(best)
    return best + [-1] * pad, [float(rounded[column]) for column in best] + [0.0] * pad


def assert_as_naive(scores: np.ndarray, k: int) -> None:
    columns, best = top_k(scores, k)
    assert columns.dtype == np.int32
    assert best.dtype == np.float32
    assert columns.shape == best.shape == (len(scores), k)
    for row, *found in zip(scores, columns.tolist(), best.tolist(), strict=True):
        assert tuple(found) == naive(row, k)


@pytest.mark.parametrize(
    ("scores", "k", "columns", "best"),
    [
        ([3, 1, 2], 2, [0, 2], [3, 2]),
        ([1, 2, 2, 2, 1], 2, [1, 2], [2, 2]),
        ([5, 5, 5], 3, [0, 1, 2], [5, 5, 5]),
        ([NAN, 1, -INF], 3, [1, -1, -1], [1, 0, 0]),
        ([-1, -3, -2], 2, [0, 2], [-1, -2]),
        ([-1, 0, -0.0, 1e-45], 3, [3, 1, 2], [1e-45, 0, 0]),
        ([NAN, NAN], 1, [-1], [0]),
        ([1, 2], 4, [1, 0, -1, -1], [2, 1, 0, 0]),
        ([1, 1 + 1e-12], 1, [0], [1]),
        ([0, INF], 2, [1, 0], [INF, 0]),
    ],
)
def test_by_hand(scores: list, k: int, columns: list, best: list) -> None:
    found = top_k(np.array([scores], dtype=float), k)
    assert found[0].tolist() == [columns]
    assert found[1].tolist() == [np.float32(best).tolist()]


def test_infinity_is_a_score_and_no_gap() -> None:
    """+inf was sorted to the front and then masked: a pad stood before the second best."""
    assert top_k(np.array([[1.0, INF, 2.0]]), 2)[0].tolist() == [[1, 2]]


def test_no_rows_and_no_columns_are_fine() -> None:
    assert top_k(np.empty((0, 3)), 2)[0].shape == (0, 2)
    assert top_k(np.empty((2, 0)), 2)[0].tolist() == [[-1, -1], [-1, -1]]


SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=12)
FEW = st.sampled_from([NAN, -INF, INF, -2.0, -0.0, 0.0, 0.5, 0.5 + 1e-9, 1.0, 3e38])
ANY = st.floats(width=32)


@given(arrays(np.float64, SHAPES, elements=FEW), st.integers(1, 15))
def test_ties_go_to_the_lower_column(scores: np.ndarray, k: int) -> None:
    assert_as_naive(scores, k)


@given(arrays(np.float32, SHAPES, elements=ANY), st.integers(1, 15))
def test_any_float_is_placed_as_a_sort_places_it(scores: np.ndarray, k: int) -> None:
    assert_as_naive(scores, k)


@given(arrays(np.float64, SHAPES, elements=FEW), st.integers(1, 15))
def test_a_longer_list_begins_with_the_shorter(scores: np.ndarray, k: int) -> None:
    assert np.array_equal(top_k(scores, k + 1)[0][:, :k], top_k(scores, k)[0])


@given(arrays(np.float64, SHAPES, elements=FEW))
def test_scores_are_left_alone(scores: np.ndarray) -> None:
    before = scores.copy()
    top_k(scores, 2)
    assert np.array_equal(scores, before, equal_nan=True)


# --- keys ---------------------------------------------------------------------------------------

SCORES = arrays(np.float32, SHAPES, elements=ANY)


@given(arrays(np.float32, (1, 12), elements=ANY))
def test_keys_order_as_pairs_of_score_and_column_do(scores: np.ndarray) -> None:
    keys = pack(scores)[0].tolist()
    known = [(score, -column) for column, score in enumerate(scores[0].tolist()) if score > -INF]
    for x, y in product(known, known):
        assert (keys[-x[1]] > keys[-y[1]]) == (x > y)


@given(SCORES)
def test_keys_tell_what_they_were_made_of(scores: np.ndarray) -> None:
    columns, found = unpack(pack(scores))
    known = scores > -INF
    assert (columns[known] == np.nonzero(known)[1]).all()
    assert np.array_equal(found[known], scores[known])
    assert not np.signbit(found[found == 0]).any()
    assert (columns[~known] == -1).all()
    assert (found[~known] == 0).all()


@given(SCORES)
def test_the_compiled_key_is_the_same(scores: np.ndarray) -> None:
    keys = pack(scores)
    for (row, column), score in np.ndenumerate(scores):
        if score > -INF:
            key = topk_kernels.key_of(score + np.float32(0), column)
            assert key == keys[row, column]
            assert topk_kernels.score_of(key) == score


@given(SCORES, st.integers(1, 5), st.integers(0, 12))
def test_the_best_of_the_best_of_parts_are_the_best_of_all(
    scores: np.ndarray, k: int, cut: int
) -> None:
    """In whatever order they meet: the work can be divided in any way."""
    keys = pack(scores)
    parts = [best(part, k) for part in (keys[:, cut:], keys[:, :cut])]
    assert np.array_equal(best(np.concatenate(parts, axis=1), k), best(keys, k))


def test_no_neighbour_is_below_all_others() -> None:
    least = pack(np.full((1, 3), np.finfo(np.float32).min, np.float32))
    assert (least > EMPTY).all()
    assert best(np.array([[EMPTY, least[0, 0], EMPTY]]), 2).tolist() == [[least[0, 0], EMPTY]]


@pytest.mark.parametrize("dtype", [bool, np.int32, np.float16, np.float32, np.float64])
def test_scores_may_be_of_any_type_and_layout(dtype: type) -> None:
    scores = (np.random.default_rng(0).random((6, 150)) * 3).astype(dtype)
    assert_as_naive(scores, 7)
    assert_as_naive(scores[::2, ::-3], 7)
    scores.setflags(write=False)
    assert_as_naive(scores.T, 7)
