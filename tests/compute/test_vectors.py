"""Neighbours among dense vectors: the same definitions, with every entry present."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.metrics.pairwise import cosine_similarity

from tests.compute.reference import (
    BINARY,
    CENTRED,
    CLOSE,
    EXACT,
    WITHOUT_SHRINK,
    assert_neighbours,
    assert_same,
    assert_well_formed,
    reference,
    sparse_of,
)
from workbench.compute import _vectors, nearest, resolve, similar
from workbench.compute.metrics import METRICS
from workbench.errors import DataError, OptionError, UnknownIdError

CPU = resolve("cpu")
SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=9)
WHOLE = st.sampled_from([-2.0, -0.5, 0.0, 0.0, 0.5, 1.0, 3.5])
ANY = st.integers(-50, 50).map(lambda number: number * np.pi)
OPTIONS = st.fixed_dictionaries(
    {
        "signed": st.booleans(),
        "min_overlap": st.sampled_from([1, 1, 3]),
        "shrink": st.sampled_from([0.0, 0.0, 3.0]),
        "alpha": st.sampled_from([0.0, 0.3, 1.0]),
    }
)
UNITLESS = [name for name in METRICS if name not in (*BINARY, "dot", "msd")]
HALF = settings(max_examples=settings.default.max_examples // 2)


def run(vectors: np.ndarray, metric: str = "cosine", k: int = 5, **options) -> tuple:
    near = similar(vectors, metric=metric, k=k, device="cpu", **options)
    return near.indices, near.scores


def allowed(metric: str, options: dict) -> dict:
    return options | {"shrink": 0.0} if metric in WITHOUT_SHRINK else options


@pytest.mark.parametrize("metric", METRICS)
@HALF
@given(
    vectors=arrays(float, SHAPES, elements=WHOLE) | arrays(float, SHAPES, elements=ANY),
    k=st.integers(1, 12),
    options=OPTIONS,
)
def test_any_vectors_give_the_definition_nearly(
    metric: str, vectors: np.ndarray, k: int, options: dict
) -> None:
    options = allowed(metric, options)
    found = run(vectors, metric, k, **options)
    assert found[0].shape == (len(vectors), k)
    expected = reference(vectors, metric, **options)
    assert_neighbours(found, expected, signed=options["signed"], **CLOSE)


@pytest.mark.parametrize("metric", [name for name in METRICS if name not in CENTRED])
@HALF
@given(vectors=arrays(float, SHAPES, elements=WHOLE), k=st.integers(1, 12), options=OPTIONS)
def test_halves_give_the_bits_that_ratings_give(
    metric: str, vectors: np.ndarray, k: int, options: dict
) -> None:
    options = allowed(metric, options)
    found = run(vectors, metric, k, **options)
    expected = reference(vectors, metric, **options)
    assert_neighbours(found, expected, signed=options["signed"], **EXACT)
    assert_same(found, nearest(sparse_of(vectors), metric=metric, k=k, device=CPU, **options))


@given(arrays(float, SHAPES, elements=ANY))
def test_cosine_equals_scikit_learns(vectors: np.ndarray) -> None:
    indices, scores = run(vectors, k=len(vectors), signed=True)
    expected = cosine_similarity(vectors)
    there = indices >= 0
    rows = np.nonzero(there)[0]
    np.testing.assert_allclose(scores[there], expected[rows, indices[there]], atol=1e-6)


def test_neighbours_by_hand() -> None:
    vectors = [[1, 0], [2, 0], [1, 1], [-1, 0]]
    near = similar(vectors, k=2)
    assert near.indices.tolist() == [[1, 2], [0, 2], [0, 1], [-1, -1]]
    assert near.scores[:2].tolist() == [[1, np.float32(0.5**0.5)]] * 2
    assert similar(vectors, k=3, signed=True).indices[3].tolist() == [2, 0, 1]
    # Squared differences 1, 1 and 4, by two columns.
    near = similar(vectors, k=3, metric="msd")
    assert near.indices[0].tolist() == [1, 2, 3]
    assert near.scores[0].tolist() == np.float32([1 / 1.5, 1 / 1.5, 1 / 3]).tolist()


@pytest.mark.parametrize("metric", METRICS)
def test_some_rows_equal_those_rows_of_all_whatever_the_blocks(metric: str, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.integers(-4, 5, (50, 12)) / 2
    whole = run(vectors, metric, 7)
    rows = [49, 3, 3, 17]
    for size in (_vectors.BLOCK_BYTES, 1, 8 * 50 * 6 * 7):
        monkeypatch.setattr(_vectors, "BLOCK_BYTES", size)
        for ids, mine in ((None, slice(None)), (rows, rows)):
            found = run(vectors, metric, 7, ids=ids)
            if metric in CENTRED:
                np.testing.assert_allclose(found[1], whole[1][mine], rtol=1e-6)
            else:
                assert_same(found, (whole[0][mine], whole[1][mine]))


def test_a_frame_brings_its_ids() -> None:
    frame = pd.DataFrame([[1, 0], [2, 0], [0, 1]], index=["x", "y", "z"])
    near = similar(frame, k=1, ids=["y", "z"], signed=True)
    assert near.pool.tolist() == ["x", "y", "z"]
    assert near.ids.tolist() == ["y", "z"]
    assert near.frame()["neighbour_id"].tolist() == ["x", "x"]
    assert near.device == resolve("auto")
    assert near.seconds > 0


def test_the_hash_is_of_the_content() -> None:
    vectors = np.arange(6.0).reshape(3, 2)
    first = similar(vectors, k=1).data_hash
    assert first == similar(np.asfortranarray(vectors), k=1).data_hash
    assert first == similar(pd.DataFrame(vectors), k=1).data_hash
    assert first != similar(vectors + 1, k=1).data_hash


def test_vectors_are_left_alone() -> None:
    vectors = np.array([[0.1, 0.2], [0.3, 0.4]])
    before = vectors.copy()
    for metric in METRICS:
        run(vectors, metric)
    assert np.array_equal(vectors, before)


@pytest.mark.parametrize("ids", [[], None])
def test_nothing_is_nothing(ids: list | None) -> None:
    """ids=[] ran into np.concatenate of nothing, no vectors into a division by zero."""
    near = similar(np.eye(3), ids=[], k=2)
    assert near.indices.shape == near.scores.shape == (0, 2)
    near = similar(np.empty((0, 3)), ids=ids, k=2)
    assert near.indices.shape == (0, 2)
    assert near.frame().empty


def test_vectors_of_no_length_have_no_neighbours() -> None:
    for metric in METRICS:
        assert (run(np.empty((3, 0)), metric, 2, signed=True)[0] == -1).all()


@pytest.mark.parametrize("value", [0.1, np.pi, -1 / 3])
def test_vectors_that_are_all_equal_have_no_correlation(value: float) -> None:
    """What was left of 0.1 less its mean was rounding error, of cosine 1 to itself."""
    for width in (1, 2, 3, 7, 30):
        vectors = np.full((3, width), value)
        for metric in ("pearson", "centred_cosine", "adjusted_cosine"):
            assert (run(vectors, metric, 2, signed=True)[0] == -1).all()
        assert (run(vectors, "cosine", 2)[1] == 1).all()


@pytest.mark.parametrize("size", [1e-200, 1e-30, 3e70, 1e200])
@pytest.mark.parametrize(
    "metric", [name for name in METRICS if name not in (*BINARY, "dot", "msd")]
)
def test_huge_and_tiny_vectors_are_as_good_as_others(metric: str, size: float) -> None:
    """Their squares are no floats."""
    vectors = np.random.default_rng(0).normal(size=(9, 4))
    found, expected = run(vectors * size, metric), run(vectors, metric)
    assert_well_formed(*found)
    assert np.array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_hold_finite_numbers(bad: float) -> None:
    with pytest.raises(DataError, match="vectors must be a table of finite numbers, one row a v"):
        similar([[1.0, bad], [0.0, 1.0]])


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2)])
def test_vectors_are_a_table(shape: tuple) -> None:
    with pytest.raises(DataError, match="vectors must be a table"):
        similar(np.ones(shape))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weighting": "tfidf"}, "weighting='tfidf' is for ratings; vectors take 'none'"),
        ({"weighting": "bm52"}, "weighting='bm52' is not one of 'none', 'tfidf', 'bm25'; did you"),
        ({"metric": "euclid"}, "metric='euclid' is not one of"),
        ({"metric": "dot", "shrink": 2}, "metric='dot' has no denominator"),
        ({"k": 0}, "k=0 must be a whole number of 1 or more"),
        ({"alpha": 2}, "alpha=2 must lie between 0 and 1"),
        ({"device": "tpu"}, "device='tpu' is not one of"),
    ],
)
def test_bad_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        similar(np.eye(3), **options)


def test_unknown_rows_are_refused() -> None:
    with pytest.raises(UnknownIdError, match="row 3 has no"):
        similar(np.eye(3), ids=[0, 3])
    with pytest.raises(UnknownIdError, match="row 'w' has no"):
        similar(pd.DataFrame(np.eye(2), index=["x", "y"]), ids=["w"])


@pytest.mark.gpu
@pytest.mark.parametrize("metric", METRICS)
def test_the_card_gives_the_processors_result(metric: str) -> None:
    vectors = np.random.default_rng(0).integers(-4, 5, (300, 16)) / 2
    for ids in (None, [7, 3]):
        card = similar(vectors, metric=metric, k=9, ids=ids, device="gpu")
        cpu = similar(vectors, metric=metric, k=9, ids=ids, device="cpu")
        if metric in CENTRED:
            np.testing.assert_allclose(card.scores, cpu.scores, rtol=1e-5, atol=1e-7)
        else:
            assert np.array_equal(card.indices, cpu.indices)
            assert np.array_equal(card.scores, cpu.scores)
