"""What a model costs."""

import numpy as np

import workbench as wb
from tests.evaluation.tasks import Told, told_at_random
from workbench.evaluation.costs import fit_and_measure, state_bytes


def test_memory_is_that_of_the_arrays_without_the_data() -> None:
    ds = wb.synthetic(300, 200, 6000)
    model = wb.EASE(device="cpu").fit(ds)
    assert 0 <= state_bytes(model) - 8 * 200**2 < 2000
    assert 0 <= state_bytes(wb.Popular(device="cpu").fit(ds)) - 8 * 200 < 2000


def test_what_the_data_hold_or_what_is_held_twice_counts_once() -> None:
    ds = wb.synthetic(30, 20, 200)
    model = told_at_random(ds, 0).fit(ds)
    before = state_bytes(model)
    model.train, model.ratings, model.twin = ds, ds.matrix, model.told
    assert state_bytes(model) - before < 200
    model.other = model.told.copy()
    assert state_bytes(model) - before > model.told.nbytes


def test_what_has_no_size_makes_it_unknown() -> None:
    ds = wb.synthetic(30, 20, 200)
    model = told_at_random(ds, 0).fit(ds)
    model.later = lambda: None
    assert np.isnan(state_bytes(model))


def test_only_fitting_is_timed() -> None:
    ds = wb.synthetic(30, 20, 200)
    model: Told = told_at_random(ds, 0)
    assert fit_and_measure(model, ds).fit_seconds > 0
    assert np.isnan(fit_and_measure(model, ds).fit_seconds)
