import numpy as np
import pytest

from tests.language.measures.copies import FILMS, liked, lines
from workbench.language import COPY_METRICS, evaluate_copy, judge
from workbench.language.llm.backend import Reply
from workbench.panels import copy_measures
from workbench.plots.copy_quality import NOT_LINES
from workbench.strings import catalogue

COPY = lines(
    (7, 1, "If you loved Casino, Heat (1995) is a crime pick.", [liked(2)]),
    (8, 2, "A comedy for tonight.", [liked(3)]),
    (9, 4, "Amelie is a fine choice.", []),
)
WRITTEN = ["Heat is a crime pick.", "A comedy for you.", None]


def drawn(figure):
    """Value and ends of the interval of every dot, by what shows under the pointer."""
    return {
        label: (x, x - below, x + above)
        for trace in figure.data
        for (label, _), x, above, below in zip(
            trace.customdata, trace.x, trace.error_x.array, trace.error_x.arrayminus, strict=True
        )
    }


def test_every_measure_is_drawn_with_its_interval():
    found = evaluate_copy(COPY, FILMS, references=WRITTEN)
    table = found.frame().dropna(subset=["value"]).set_index("metric")
    figure = copy_measures(found)
    dots = drawn(figure)
    assert len(dots) == len(table)
    named = table.loc["item_named"]
    assert dots["name their item ↑"] == pytest.approx((named.value, named.low, named.high))
    bleu = table.loc["bleu"]
    assert dots["BLEU ↑"] == pytest.approx((bleu.value, bleu.low, bleu.high))
    assert dots["genres mentioned, of all ↑"][1:] == (2 / 6, 2 / 6)  # without an interval
    ticks = figure.layout.yaxis.ticktext
    assert "name their item ↑" in ticks
    assert not {"words", "BLEU ↑"} & set(ticks)  # each on an axis of its own


def test_each_group_has_a_colour_and_a_place_in_the_legend():
    found = evaluate_copy(COPY, FILMS)
    figure = copy_measures(found, ["a<b>", "b", "b"], language="zh")
    shown = [trace for trace in figure.data if trace.showlegend]
    assert [trace.name for trace in shown] == ["a&lt;b&gt;", "b"]
    assert shown[0].marker.color != shown[1].marker.color
    assert shown[0].y[0] != shown[1].y[0]
    alone = found.by(["a<b>", "b", "b"]).set_index(["group", "metric"])["value"]
    assert shown[1].x[0] == alone["b", "item_named"]
    assert shown[0].customdata[0][0] == "写出物品名 ↑"


def test_what_has_no_value_is_left_out():
    found = evaluate_copy(COPY[2:], FILMS, metrics=["item_named", "evidence_named"])
    assert list(drawn(copy_measures(found))) == ["name their item ↑"]


class Judge:
    def generate(self, conversations, **settings):
        return [[Reply('{"dull<i>": 4}', None, 0, 0)] for _ in conversations]


def test_grades_of_a_judge_stand_on_their_own_axis():
    figure = copy_measures(judge(COPY, FILMS, Judge(), rubric={"dull<i>": "is dull"}))
    assert drawn(figure) == {"graded by the judge ↑": (1, 1, 1), "dull&lt;i&gt; ↑": (4, 4, 4)}
    assert figure.data[1].xaxis == "x2"


def test_every_measure_has_its_words():
    assert {"title", *COPY_METRICS, *NOT_LINES} == set(catalogue()["measure"])


def test_numbers_in_the_figure_are_finite():
    figure = copy_measures(evaluate_copy(COPY[:1], FILMS))  # of one user there is no interval
    assert all(np.isfinite(trace.error_x.array).all() for trace in figure.data)
