"""How long searches take, in figures."""

import numpy as np
import pandas as pd
import pytest

from tests.plots.benchmark_results import results
from workbench.panels.performance.timings import races
from workbench.plots.axes import EVERYBODY, MINE
from workbench.plots.search_speed import exponent, growth_lines, metric_bars, race_dots


def test_bars_show_every_metric_and_both_sides():
    table = pd.DataFrame({"items": [2.0, 3.0], "users": [0.5, 0.7]}, index=["cosine", "pearson"])
    users, items = metric_bars(table).data
    # Plotly draws from below: the first metric comes out on top.
    assert (list(items.y), list(items.x)) == (["pearson", "cosine"], [3.0, 2.0])
    assert (users.name, items.name) == ("users", "items")


def test_growth_shows_points_and_the_line_through_them():
    here = pd.DataFrame({"interactions": [100, 1_000, 10_000], "seconds": [0.01, 0.1, 1.0]})
    points, line, kept, _ = growth_lines(here, results()).data
    assert list(points.y) == [0.01, 0.1, 1.0]
    assert list(line.y) == pytest.approx([0.01, 0.1, 1.0])
    assert points.name == "here, now: power 1.00"
    assert list(kept.y) == [0.5, 8.0]
    assert kept.name == "kept with the repository: power 2.00"


@pytest.mark.parametrize("kept", [{}, {"scaling": {"items": {"steps": []}}}])
def test_growth_goes_without_what_was_not_kept(kept):
    here = pd.DataFrame({"interactions": [100, 1_000], "seconds": [0.01, 0.1]})
    assert len(growth_lines(here, kept).data) == 2


def test_every_dot_says_its_seconds_and_how_many_times_ours():
    brute, ours, quick = race_dots(races(results())[9_000], 9_000).data
    assert [trace.text.strip() for trace in (quick, ours)] == ["1.00 s · 0.50 ×", "2.00 s"]
    assert brute.text.strip() == "≈ 400 s · 200 ×"
    assert [trace.marker.symbol for trace in (brute, ours)] == ["circle-open", "circle"]
    assert [trace.marker.color for trace in (quick, ours)] == [EVERYBODY, MINE]


def test_the_exponent_is_that_of_the_law_the_times_follow():
    interactions = np.array([1e4, 1e5, 1e6])
    table = pd.DataFrame({"interactions": interactions, "seconds": 3e-7 * interactions**1.25})
    assert exponent(table) == pytest.approx(1.25)
