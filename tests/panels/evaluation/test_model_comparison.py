import pytest
from pandas.testing import assert_frame_equal

import workbench as wb
from workbench.errors import OptionError
from workbench.panels.evaluation.model_comparison import TABS

SETTINGS = {"chosen": ["user-knn", "popular"], "metrics": ["ndcg", "diversity"], "k": 5}
VALUES = ["model", "metric", "value", "low", "high", "users"]


@pytest.fixture
def panel(shop):
    return wb.panels.ModelComparison(shop, **SETTINGS)


def _direct(ds, models, metrics, **options):
    train, test = wb.split(ds, seed=0, **options)
    return wb.compare(models, train, test, metrics=metrics)


def test_every_control_measures_what_the_function_does(panel, shop):
    models = {"user-knn": wb.UserKNN(), "popular": wb.Popular()}
    first = _direct(shop, models, ["ndcg@5", "diversity@5"], by="user")
    assert_frame_equal(panel.comparison.frame()[VALUES], first.frame()[VALUES])
    for control, value in (
        ("models", ("p3alpha", "popular")),
        ("accuracy", ("recall",)),
        ("beyond", ("coverage", "novelty")),
        ("split", "time"),
        ("holdout", 0.3),
        ("k", 7),
    ):
        panel.controls[control].value = value
    panel.run.click()
    models = {"p3alpha": wb.P3alpha(), "popular": wb.Popular()}
    metrics = ["recall@7", "coverage@7", "novelty@7"]
    direct = _direct(shop, models, metrics, by="time", holdout=0.3)
    assert_frame_equal(panel.comparison.frame()[VALUES], direct.frame()[VALUES])
    dots = [trace.x[0] for trace in panel.figures["intervals"].figure.data]
    values = direct.frame().set_index(["metric", "model"])["value"]
    assert dots == [values[metric, name] for metric in metrics for name in models]


def test_nothing_is_measured_before_the_button_is_pressed(panel):
    before = panel.comparison
    panel.controls["models"].value = ("popular",)
    assert panel.comparison is before
    assert "press to measure" in panel.note.value
    panel.run.click()
    assert list(panel.comparison.evaluations) == ["popular"]
    assert panel.note.value == ""


def test_a_model_more_leaves_the_others_as_they_are(panel):
    before = panel.comparison.evaluations
    panel.controls["models"].value = ("user-knn", "p3alpha", "popular")
    panel.run.click()
    after = panel.comparison.evaluations
    assert list(after) == ["user-knn", "p3alpha", "popular"]
    assert after["popular"] is before["popular"]


def test_models_are_those_that_suit_the_data(panel, movies):
    offered = panel.controls["models"].buttons
    assert "demographic" in offered
    others = wb.panels.ModelComparison(movies, chosen=["popular"], metrics=["ndcg"])
    assert offered.keys() - others.controls["models"].buttons.keys() == {"demographic"}
    with pytest.raises(OptionError, match=r"chosen='popula' .* did you mean 'popular'"):
        wb.panels.ModelComparison(movies, chosen=["popula"])


def test_progress_names_the_model_that_is_measured(shop):
    seen = []

    class Watched(wb.panels.ModelComparison):
        def show_progress(self, name, number):
            super().show_progress(name, number)
            seen.append((self.note.value, self.progress.value, self.progress.max))

    panel = Watched(shop, **SETTINGS)
    assert seen == [("user-knn (1 of 2)", 0, 2), ("popular (2 of 2)", 1, 2)]
    assert panel.progress.layout.display == "none"


def _open(panel, tab):
    panel.tabs.selected_index = TABS.index(tab)


def test_a_tab_is_drawn_when_it_is_seen_and_afresh_when_measured(panel):
    assert panel.figures["popularity"].figure is None
    for _ in range(2):
        _open(panel, "whom")
        table = panel.comparison.by_popularity().query("metric == 'ndcg@5'")
        drawn = panel.figures["popularity"].figure.data
        assert [len(drawn), *drawn[0].y] == [
            len(panel.comparison.evaluations),
            *table[table["model"] == next(iter(panel.comparison.evaluations))]["value"],
        ]
        _open(panel, "costs")
        assert len(panel.figures["costs"].figure.data) == 3 * len(panel.comparison.evaluations)
        panel.controls["models"].value = ("p3alpha",)
        panel.run.click()


def test_one_model_has_nothing_to_differ_from(panel):
    hidden = panel.figures["ahead"], panel.disagreements
    _open(panel, "compared")
    _open(panel, "apart")
    assert all(view.layout.display is None for view in hidden)
    panel.controls["models"].value = ("popular",)
    panel.run.click()
    _open(panel, "compared")
    assert all(view.layout.display == "none" for view in hidden)


def test_what_is_not_chosen_is_asked_for(panel):
    panel.controls["accuracy"].value = ()
    panel.run.click()
    assert "Accuracy: choose at least one" in panel.message.value
    panel.controls["accuracy"].value = ("mrr",)
    panel.controls["models"].value = ()
    panel.run.click()
    assert "no model is chosen" in panel.message.value


def test_groups_may_be_a_column_of_the_users(panel):
    _open(panel, "whom")
    panel.groups.value = "member_level"
    table = panel.comparison.by("member_level").query("metric == 'ndcg@5' and model == 'user-knn'")
    assert list(panel.figures["groups"].figure.data[0].y) == table["value"].tolist()


def test_users_are_those_whom_two_models_serve_most_differently(panel):
    _open(panel, "apart")
    disagreements, metric = panel.disagreements, "ndcg@5"
    table = panel.comparison.disagreements("user-knn", "popular", metric=metric)
    users = disagreements.controls["user"]
    assert [user for _, user in users.options] == table["user_id"].head(12).tolist()
    users.value = second = table["user_id"][1]
    text = panel.text
    page = panel.state.side_by_side(["user-knn", "popular"], second, 5, text)
    assert page in disagreements.lists.value
    disagreements.controls["other"].value = "user-knn"
    assert page not in disagreements.lists.value


def test_models_of_ones_own_are_compared_by_their_names(shop):
    hostile = "<img src=x>"
    panel = wb.panels.ModelComparison(
        shop, models={hostile: wb.Popular, "k=5": lambda: wb.UserKNN(k=5)}, metrics=["ndcg"]
    )
    assert list(panel.comparison.evaluations) == [hostile, "k=5"]
    for tab in TABS:
        _open(panel, tab)
    html = panel.verdict.value + panel.tables.value + panel.disagreements.lists.value
    assert "<img" not in html
    assert "&lt;img src=x&gt;" in html


def test_the_numbers_and_tests_are_at_hand_in_chinese(shop):
    panel = wb.panels.ModelComparison(shop, **SETTINGS, language="zh")
    _open(panel, "table")
    assert "差异超出偶然" in panel.verdict.value
    assert f"{panel.comparison.frame()['value'][0]:.4f}" in panel.tables.value
    assert "user-knn is better" in panel.tables.value
    assert shop.hash in panel.badge.value
