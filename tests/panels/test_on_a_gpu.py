"""Plots and panels of a table on the card are those of its twin in pandas."""

import pytest

import workbench as wb
from tests.datasets.cudf_model import CARDS
from workbench.panels.data.behaviour import Behaviour
from workbench.plots import behaviour
from workbench.strings import Strings

FIGURES = (
    behaviour.rating_distribution,
    behaviour.over_time,
    behaviour.long_tail,
    behaviour.activity,
)


@pytest.mark.parametrize("card", CARDS)
def test_they_come_to_pandas_to_be_shown(card, movies, monkeypatch) -> None:
    text = Strings("en")
    with card():
        there = movies.to("gpu")
        monkeypatch.setenv("WORKBENCH_DEVICE", "cpu")  # the tables alone are on the card
        for figure in FIGURES:
            assert figure(there, text) == figure(movies, text)
        mine, theirs = Behaviour(there, 100), Behaviour(movies, 100)
        assert mine.numbers(text) == theirs.numbers(text)
        assert wb.panels.typical_user(there) == wb.panels.typical_user(movies)
        pages = [wb.reports.UserReport(ds, 42, n=3).recommended() for ds in (there, movies)]
        assert pages[0].data == pages[1].data
