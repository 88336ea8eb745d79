"""Neighbours among dense vectors: the same definitions, with every entry present."""

from collections.abc import Iterator
from contextlib import contextmanager

import array_api_strict
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
from workbench.compute import nearest, resolve, similar
from workbench.compute.cpu import vector_kernels
from workbench.compute.dense import candidate_product, vector_search
from workbench.compute.metrics import METRICS
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import best, pack, unpack
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
HALF = settings(max_examples=settings.default.max_examples // 6)


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


@contextmanager
def narrow(height: int = 3, width: int = 7, slack: int = 0) -> Iterator[None]:
    """Blocks and lists of candidates so small that small data take many, and miss some."""
    with pytest.MonkeyPatch.context() as patch:
        for name, size in {"HEIGHT": height, "WIDTH": width, "NARROW": width}.items():
            patch.setattr(vector_kernels, name, size)
        patch.setattr(vector_search, "SLACK", slack)
        yield


@pytest.mark.parametrize("metric", METRICS)
def test_some_rows_equal_those_rows_of_all_whatever_the_blocks(metric: str) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 12))
    whole = run(vectors, metric, 7)
    rows = [49, 3, 3, 17]
    for height, width in ((128, 4096), (1, 1), (7, 20)):
        with narrow(height, width):
            assert_same(run(vectors, metric, 7), whole)
            assert_same(run(vectors, metric, 7, ids=rows), (whole[0][rows], whole[1][rows]))


@pytest.mark.parametrize("metric", METRICS)
@HALF
@given(vectors=arrays(float, SHAPES, elements=WHOLE), k=st.integers(1, 12), options=OPTIONS)
def test_halves_give_the_bits_of_a_product_in_float64(
    metric: str, vectors: np.ndarray, k: int, options: dict
) -> None:
    """The way that was before candidates."""
    options = allowed(metric, options)
    with narrow():
        found = run(vectors, metric, k, **options)
    expected = in_float64(vectors, metric, k, **options)
    if metric in CENTRED:
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-5, atol=1e-7)
    else:
        assert_same(found, expected)


def in_float64(vectors: np.ndarray, metric: str, k: int, **options) -> tuple:
    request = SimilarityOptions(metric, k, **options)
    x = vector_search._prepared(vectors, request.definition.of)
    n, width = x.shape
    squares, totals = (x * x).sum(axis=1), x.sum(axis=1)
    a, b = request.definition.statistic(np.full(n, float(width)), squares, request.alpha)
    sums = {
        "n": float(width), "x": totals[:, None], "xx": squares[:, None], "y": totals,
        "yy": squares, "xy": x @ x.T,
    }  # fmt: skip
    scores = vector_search.scored(sums, a[:, None], b, request, 1.0, np)
    scores[np.eye(n, dtype=bool)] = np.nan
    if width < request.min_overlap:
        scores[:] = np.nan
    if not request.signed:
        scores[~(scores > 0)] = np.nan
    return unpack(best(pack(scores), k))


# --- candidates ---------------------------------------------------------------------------------

SORTS = st.builds(
    lambda n, width, kind, seed: of_sort(n, width, kind, seed),
    st.sampled_from([1, 5, 40, 250]),
    st.integers(1, 9),
    st.sampled_from(["normal", "halves", "tail", "near", "tiny"]),
    st.integers(0, 2**32),
)


def of_sort(n: int, width: int, kind: str, seed: int) -> np.ndarray:
    """Also with ties, of all lengths, nearly equal, and out of a square's range."""
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(n, width))
    return {
        "normal": normal,
        "halves": rng.integers(-2, 3, (n, width)) / 2,
        "tail": normal * rng.pareto(1, (n, 1)),
        "near": 1 + 1e-4 * normal,
        "tiny": normal * 10.0 ** rng.integers(-160, 3, (n, 1)),
    }[kind]


@given(
    SORTS, st.sampled_from(list(candidate_product.POWERS)), st.integers(1, 9), st.integers(0, 3),
    st.booleans(), st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip
def test_candidates_give_the_bits_of_comparing_all(x, metric, k, slack, signed, alpha) -> None:
    options = {"signed": signed, "alpha": alpha}
    with narrow(slack=slack):
        found = run(x, metric, k, **options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(candidate_product, "POWERS", {})
            assert_same(found, run(x, metric, k, **options))


@pytest.mark.parametrize("metric", candidate_product.POWERS)
def test_candidates_are_enough_for_most_rows(metric: str, monkeypatch) -> None:
    in_full, rows = vector_search._Search._in_full, []
    monkeypatch.setattr(
        vector_search._Search, "_in_full", lambda self, own: rows.extend(own) or in_full(self, own)
    )
    run(np.random.default_rng(0).normal(size=(2000, 16)), metric, 10)
    assert len(rows) < 20


def test_without_the_bound_neighbours_would_be_missed(monkeypatch) -> None:
    """Of rows that a product in float32 cannot tell apart, and float64 can."""
    rng = np.random.default_rng(0)
    x = np.concatenate([np.eye(2, 8), 1e-3 * rng.normal(size=(500, 8))]) + 1e3
    expected = run(x, "msd", 5)
    with narrow(height=128, width=4096):
        assert_same(run(x, "msd", 5), expected)
        monkeypatch.setattr(candidate_product, "_error", lambda width, tools: -1.0)
        assert (run(x, "msd", 5)[0] != expected[0]).any()


@pytest.mark.parametrize("metric", METRICS)
def test_scores_are_of_any_array_library(metric: str) -> None:
    rng = np.random.default_rng(0)
    names, shapes = ("x", "xx", "y", "yy", "xy"), ((3, 1), (3, 1), (4,), (4,), (3, 4))
    sums = {name: rng.random(shape) for name, shape in zip(names, shapes, strict=True)}
    a, b, request = rng.random((3, 1)), rng.random(4), SimilarityOptions(metric, 1)
    strict = {name: array_api_strict.asarray(held) for name, held in sums.items()}
    found = vector_search.scored(
        strict | {"n": 8.0}, array_api_strict.asarray(a), array_api_strict.asarray(b), request,
        2.0, array_api_strict,
    )  # fmt: skip
    expected = vector_search.scored(sums | {"n": 8.0}, a, b, request, 2.0, np)
    np.testing.assert_array_equal(np.asarray(found), expected)


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
