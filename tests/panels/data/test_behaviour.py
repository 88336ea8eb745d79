import numpy as np
import pytest

import workbench as wb
from workbench.panels.data.behaviour import Behaviour


def test_moving_the_slider_counts_the_active_users_alone(movies):
    panel = wb.panels.BehaviourExplorer(movies)
    panel.controls["min_activity"].value = 100
    counts = movies.interactions.groupby("user_id").size()
    active = counts[counts >= 100]
    assert len(panel.state.kept.user_ids) == len(active)
    assert len(panel.state.kept.interactions) == active.sum()
    assert f"<b>{active.sum():,}</b>" in panel.numbers.value


def test_the_figures_follow_the_slider(movies):
    panel = wb.panels.BehaviourExplorer(movies)
    before = sum(panel.figures.children[1].figure.data[0].y)
    panel.controls["min_activity"].value = 100
    after = sum(panel.figures.children[1].figure.data[0].y)
    assert (before, after) == (671, len(panel.state.kept.user_ids))


def test_shares_by_hand():
    behaviour = Behaviour(wb.load("example"))
    assert behaviour.density == 1.0  # u1 and u2 both rated A and B
    assert behaviour.head_share == 0.5  # a fifth of two items is one item, with 2 of 4


def test_the_picker_loads_another_data_set(shop):
    picker = wb.panels.DataPicker("movielens-small")
    picker.controls["dataset"].value = "shop"
    assert picker.state.ds.hash == shop.hash
    assert f"{len(shop.interactions):,}" in picker.numbers.value
    assert shop.hash in picker.badge.value


def test_data_without_time_say_so():
    panel = wb.panels.BehaviourExplorer(wb.synthetic(20, 30, 200))
    assert "timestamps" in panel.figures.children[3].figure.layout.annotations[0].text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_labels_speak_the_language(shop, language):
    panel = wb.panels.BehaviourExplorer(shop, language=language)
    label = {"en": "at least", "zh": "最少"}[language]
    assert label in panel.controls["min_activity"].description


def test_the_long_tail_ends_at_one(movies):
    panel = wb.panels.BehaviourExplorer(movies)
    y = np.asarray(panel.figures.children[0].figure.data[0].y)
    assert y[-1] == 1
    assert (np.diff(y) >= 0).all()
