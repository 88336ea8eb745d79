"""Arguments are refused in the same words everywhere."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import MissingExtraError, OptionError, WorkbenchError
from workbench.validation import at_least, number, one_of


def test_a_choice_comes_back() -> None:
    assert one_of("metric", "cosine", ("cosine", "pearson")) == "cosine"
    assert one_of("metric", "cosine", {"cosine": 1}) == "cosine"
    assert one_of("metric", "b", iter("ab")) == "b"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("cosin", "metric='cosin' is not one of 'cosine', 'pearson'; did you mean 'cosine'?"),
        ("jaccard", "metric='jaccard' is not one of 'cosine', 'pearson'"),
        ("", "metric='' is not one of 'cosine', 'pearson'"),
        (None, "metric=None is not one of 'cosine', 'pearson'"),
        (["cosine"], "metric=['cosine'] is not one of 'cosine', 'pearson'"),
    ],
)
def test_another_value_is_refused_with_the_choices(value: object, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)) as caught:
        one_of("metric", value, ("cosine", "pearson"))
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("value", [1, np.int64(1), np.uint8(1)])
def test_whole_numbers_of_any_kind_are_taken(value: object) -> None:
    found = at_least("k", value, 1)
    assert found == 1
    assert type(found) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, np.float64(2), "2", None, True, Fraction(3, 2)])
def test_anything_else_is_refused_by_name(value: object) -> None:
    message = f"k={value!r} must be a whole number of 1 or more"
    with pytest.raises(OptionError, match=re.escape(message)):
        at_least("k", value, 1)


@given(st.integers(), st.integers())
def test_the_bound_itself_is_allowed(value: int, least: int) -> None:
    if value >= least:
        assert at_least("n", value, least) == value
    else:
        with pytest.raises(OptionError):
            at_least("n", value, least)


def test_a_missing_extra_names_the_line_that_installs_it() -> None:
    error = MissingExtraError("torch", "language", "The embedded model")
    assert isinstance(error, WorkbenchError)
    assert str(error) == (
        "The embedded model needs the package 'torch'. "
        "Install it, in the project's folder, with: pip install -e '.[language]'"
    )


@pytest.mark.parametrize("value", [0, 0.0, 2, 0.5, np.float32(0.5), np.int64(3), Fraction(1, 2)])
def test_finite_numbers_of_any_kind_are_taken(value: object) -> None:
    found = number("l2", value)
    assert found == value
    assert type(found) is float


@pytest.mark.parametrize("value", [-1, -0.1, np.nan, np.inf, "2", None, True, 1j])
def test_any_other_number_is_refused_by_name(value: object) -> None:
    message = f"l2={value!r} must be a finite number of 0 or more"
    with pytest.raises(OptionError, match=re.escape(message)):
        number("l2", value)


@pytest.mark.parametrize("value", [0, 0.0, -1, np.nan])
def test_zero_is_refused_where_it_has_no_sense(value: object) -> None:
    message = f"l2={value!r} must be a finite number above 0"
    with pytest.raises(OptionError, match=re.escape(message)):
        number("l2", value, zero=False)
