"""Conjugate gradients in array operations: the steps of the compiled loop, on any library."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.models.contract import sample
from workbench.device import Device
from workbench.models import ALS
from workbench.models.factorization import conjugate_gradients
from workbench.models.factorization.als import _approach

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
    equations, gram = model._equations(ds.matrix).narrow(), model._shared(items)
    expected = rng.normal(size=(len(ds.user_ids), 6)).astype(np.float32)
    found = expected.copy()
    _approach(equations, items, gram, steps, expected)
    sides = equations.sent(Device("cpu", "here"), len(items))
    conjugate_gradients.approach(*sides, items, gram, steps, found)
    assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


def test_a_row_without_entries_stays_and_a_solution_is_left_alone() -> None:
    ds = sample()
    model = ALS(factors=3, cg_steps=None, epochs=2).fit(ds)
    equations = model._equations(ds.matrix)
    first = equations.indptr[1]
    empty = equations._replace(
        indptr=equations.indptr - np.minimum(equations.indptr, first),
        indices=equations.indices[first:],
        weights=equations.weights[first:],
        targets=equations.targets[first:],
    )
    sides = empty.sent(Device("cpu", "here"), len(ds.item_ids))
    vectors = model._users.copy()
    conjugate_gradients.approach(*sides, model._items, model._gram, 3, vectors)
    assert np.array_equal(vectors[0], model._users[0])
    assert_allclose(vectors, model._users, atol=1e-9)


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_a_fit_by_arrays_scores_as_one_by_the_loop(
    feedback: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = sample()
    options = {"factors": 4, "l2": 1.0, "epochs": 4, "feedback": feedback}
    expected = ALS(**options).fit(ds).scores(ds.user_ids)
    monkeypatch.setattr(ALS, "_alternated", by_arrays)
    assert_allclose(ALS(**options).fit(ds).scores(ds.user_ids), expected, atol=1e-3)


def by_arrays(model: ALS, users, items, start: np.ndarray) -> np.ndarray:
    """The card's way, whose arrays are here NumPy's."""
    of_users = np.zeros((len(users.ridge), model.factors), np.float32)
    return model._alternated_on_card(
        users.narrow(), items.narrow(), of_users, start.astype(np.float32), model.cg_steps
    )
