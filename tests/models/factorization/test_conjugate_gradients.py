"""Conjugate gradients in array operations: the steps of the compiled loop, on any library."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.models.contract import sample
from workbench.device import Device
from workbench.models import ALS
from workbench.models.factorization import als, conjugate_gradients
from workbench.models.factorization.normal_equations import NormalEquations, compiled_steps

FEEDBACK = ["implicit", "explicit"]


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("bytes_a_chunk", [1, 2000, 2**28])
def test_steps_are_those_of_the_compiled_loop(
    feedback: str, steps: int, bytes_a_chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conjugate_gradients, "CHUNK_BYTES", bytes_a_chunk)
    ds, rng = sample(), np.random.default_rng(0)
    model = ALS(factors=6, alpha=2.0, feedback=feedback)
    items = rng.normal(size=(len(ds.item_ids), 6)).astype(np.float32)
    equations, gram = model.equations(ds.matrix).narrow(), model.gram(items)
    expected = rng.normal(size=(len(ds.user_ids), 6)).astype(np.float32)
    found = expected.copy()
    compiled_steps(equations, items, gram, steps, expected)
    sides = equations.matrices(Device("cpu", "here"), len(items))
    conjugate_gradients.array_steps(sides, items, gram, steps, found)
    assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def test_a_row_without_entries_stays_and_a_solution_is_left_alone() -> None:
    ds = sample()
    model = ALS(factors=3, cg_steps=None, epochs=2).fit(ds)
    equations = model.equations(ds.matrix)
    first = equations.indptr[1]
    empty = equations._replace(
        indptr=equations.indptr - np.minimum(equations.indptr, first),
        indices=equations.indices[first:],
        weights=equations.weights[first:],
        targets=equations.targets[first:],
    )
    sides = empty.matrices(Device("cpu", "here"), len(ds.item_ids))
    vectors = model.user_factors.copy()
    gram = model.gram(model.item_factors)
    conjugate_gradients.array_steps(sides, model.item_factors, gram, 3, vectors)
    assert np.array_equal(vectors[0], model.user_factors[0])
    assert_allclose(vectors, model.user_factors, atol=1e-9)


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_a_fit_by_arrays_scores_as_one_by_the_loop(
    feedback: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = sample()
    options = {"factors": 4, "l2": 1.0, "epochs": 4, "feedback": feedback}
    expected = ALS(**options).fit(ds).scores(ds.user_ids)
    monkeypatch.setattr(als, "compiled_steps", by_arrays)
    assert_allclose(ALS(**options).fit(ds).scores(ds.user_ids), expected, atol=1e-3)


def by_arrays(equations: NormalEquations, factors: np.ndarray, *rest: object) -> None:
    """The card's way, whose arrays are here NumPy's."""
    sides = equations.matrices(Device("cpu", "here"), len(factors))
    conjugate_gradients.array_steps(sides, factors, *rest)
