import numpy as np
import pytest
from pandas.testing import assert_frame_equal

import workbench as wb
from workbench.errors import DataError, OptionError
from workbench.families import FAMILIES
from workbench.panels.evaluation.experiment import SPLITS, Experiment, families, measures, verdict
from workbench.strings import Strings

METRICS = ("ndcg@5", "coverage@5")
MAKES = {"popular": wb.Popular, "users": wb.UserKNN}


@pytest.mark.parametrize("split", SPLITS)
def test_a_comparison_is_that_of_the_function(shop, split):
    found = Experiment(shop, METRICS, split, 0.3, seed=4).compare(MAKES)
    options = {"leave_one_out": True} if split == "last" else {"by": split, "holdout": 0.3}
    train, test = wb.split(shop, seed=4, **options)
    models = {name: make() for name, make in MAKES.items()}
    direct = wb.compare(models, train, test, metrics=METRICS, seed=4)
    columns = ["model", "metric", "value", "low", "high", "users", "memory"]
    assert_frame_equal(found.frame()[columns], direct.frame()[columns])
    assert_frame_equal(found.tests(), direct.tests())


def test_a_model_is_measured_once(shop):
    experiment, told = Experiment(shop, METRICS), []
    tell = lambda *args: told.append(args)  # noqa: E731
    first = experiment.compare({"popular": wb.Popular}, tell=tell)
    both = experiment.compare(MAKES, tell=tell)
    assert told == [("popular", 0), ("users", 1)]
    assert both.evaluations["popular"] is first.evaluations["popular"]
    assert list(experiment.compare({"users": wb.UserKNN}).evaluations) == ["users"]


def test_what_cannot_be_asked_is_refused(shop):
    with pytest.raises(OptionError, match="no model is chosen"):
        Experiment(shop, METRICS).compare({})
    with pytest.raises(OptionError, match="split='week' is not one of 'random'"):
        Experiment(shop, METRICS, "week").compare(MAKES)
    with pytest.raises(DataError, match="by='time' needs the column 'timestamp'"):
        Experiment(wb.synthetic(20, 20, 100), METRICS, "time").compare(MAKES)


def test_every_family_can_be_made():
    made = families("cpu")
    assert list(made) == list(FAMILIES)
    assert {name: type(make()).__name__ for name, make in made.items()} == FAMILIES


def test_without_genres_what_rests_on_them_is_left_out(shop):
    names = ["diversity", "novelty", "calibration"]
    assert measures(shop, names) == names
    assert measures(wb.synthetic(20, 20, 100), names) == ["novelty"]


def test_the_verdict_claims_no_more_than_the_tests(shop):
    english, chinese = Strings("en"), Strings("zh")
    experiment = Experiment(shop, METRICS)
    alone = experiment.compare({"users": wb.UserKNN})
    value = alone.frame()["value"][0]
    assert verdict(alone, "ndcg@5", english) == f"users: ndcg@5 {value:.3f}."
    clear = verdict(experiment.compare(MAKES), "ndcg@5", english)
    assert clear == "By ndcg@5, users is better than popular: the difference is more than chance."
    twins = {"users": wb.UserKNN, "twin": wb.UserKNN}
    none = verdict(experiment.compare(twins), "ndcg@5", english)
    assert none == "By ndcg@5, no difference between users and twin: chance gives as much."
    part = verdict(experiment.compare({**twins, "popular": wb.Popular}), "ndcg@5", english)
    assert part == f"{none} users is better than popular."
    assert "没有差异" in verdict(experiment.compare(twins), "ndcg@5", chinese)


def test_lists_are_the_models_own_with_the_hits_marked(shop):
    experiment = Experiment(shop, METRICS)
    values = experiment.compare(MAKES).evaluations["users"].predictions.hits(5).sum(axis=1)
    user = experiment.sets[1].user_ids[int(np.argmax(values))]
    page = experiment.side_by_side(MAKES, user, 5, Strings("en"))
    for name, part in zip(MAKES, page.split("<div><b>")[1:], strict=True):
        recs = experiment.models[name].recommend([user], n=5)
        cards = part.split('<div class="card">')[1:]
        held = set(experiment.sets[1].history(user)["item_id"])
        titles = shop.titles[recs["item_id"]]
        assert all(title in card for title, card in zip(titles, cards, strict=True))
        assert ["hit</span>" in card for card in cards] == [i in held for i in recs["item_id"]]
    assert page.count("hit</span>") >= values.max()


def test_names_and_titles_from_outside_stay_text():
    hostile = "<img src=x onerror=alert(1)>"
    ds = wb.synthetic(30, 20, 200)
    ds = type(ds)(ds.interactions, ds.items.assign(title=hostile))
    experiment = Experiment(ds, METRICS)
    experiment.compare({hostile: wb.Popular})
    page = experiment.side_by_side([hostile], ds.user_ids[0], 3, Strings("en"))
    assert "<img" not in page
    assert page.count("&lt;img") == 4
