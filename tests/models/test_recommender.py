"""What the base class of all models decides alone: checked on one of them."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from tests.models.contract import COLUMNS, sample
from workbench.columns import Columns as C
from workbench.errors import OptionError
from workbench.models import Popular


@pytest.fixture(scope="module")
def model() -> Popular:
    return Popular().fit(sample())


@pytest.mark.parametrize("n", [0, -1, 1.5, "3", True, None])
def test_a_bad_n_is_refused(model: Popular, n: object) -> None:
    for call in (
        lambda: model.recommend([1], n=n),
        lambda: model.recommend_for([], n=n),
        lambda: model.explain(1, 1, n=n),
    ):
        with pytest.raises(OptionError, match=r"n=.* must be a whole number of 1 or more"):
            call()


def test_other_bad_options_are_refused(model: Popular) -> None:
    with pytest.raises(OptionError, match=r"seen='hide' is not one of 'exclude', 'keep', 'disl"):
        model.recommend([1], seen="hide")
    with pytest.raises(OptionError, match="evidence=-1 must be a whole number of 0 or more"):
        model.recommend([1], evidence=-1)
    with pytest.raises(OptionError, match="device='tpu' is not one of"):
        Popular(device="tpu")


@pytest.mark.parametrize("rating", [np.nan, np.inf, None])
def test_a_history_without_a_finite_rating_is_refused(model: Popular, rating: float) -> None:
    with pytest.raises(OptionError, match="in the history is NaN or infinite; leave it out"):
        model.recommend_for([(1, rating)])


def test_no_users_is_an_empty_list(model: Popular) -> None:
    recs = model.recommend([])
    assert recs.columns.tolist() == COLUMNS
    assert recs.empty


def test_n_bounds_the_list(model: Popular) -> None:
    long = model.recommend([1], n=100, seen="keep")
    assert len(long) == 18
    assert_frame_equal(model.recommend([1], n=2, seen="keep"), long[:2])


def test_ids_are_numbers_where_they_came_as_numbers(model: Popular) -> None:
    recs = model.recommend([1])
    assert {type(item) for item in recs[C.ITEM].tolist()} == {int}
