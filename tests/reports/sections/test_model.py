import pytest

import workbench as wb
from workbench.errors import OptionError
from workbench.panels.evaluation.experiment import verdict
from workbench.strings import Strings


@pytest.fixture(scope="module")
def report(shop):
    return wb.reports.ModelReport(shop, "user-knn", k=5, examples=2, seed=3)


def test_the_numbers_are_those_of_the_comparison(report, shop):
    train, test = wb.split(shop, by="user", seed=3)
    models = {"user-knn": wb.UserKNN(), "popular": wb.Popular()}
    direct = wb.compare(models, train, test, metrics=["ndcg@5", "recall@5"], seed=3)
    ndcg = direct.frame()["value"][0]
    assert report.intervals().data[0].x[0] == ndcg
    head = report.header().data
    assert verdict(direct, "ndcg@5", Strings("en")) in head
    assert f"<b>{len(train.interactions):,}</b>" in head
    assert [len(figure.data) for figure in (report.by_activity(), report.by_popularity())] == [2, 2]
    assert len(report.costs().data) == 6


def test_examples_go_from_the_best_served_to_the_worst(report):
    values = report.comparison.evaluations["user-knn"].per_user["ndcg@5"]
    page = report.lists().data
    headings = [part.split("</h3>")[0] for part in page.split("<h3>")[1:]]
    assert headings[0].endswith(f"ndcg@5 {values.max():.2f}")
    assert headings[1].endswith(f"ndcg@5 {values.min():.2f}")
    assert page.count("Because users like you") == 2 * 5
    assert page.count("Chosen by") == 2 * 5


def test_the_foot_says_where_and_on_what(report, shop):
    foot = report.colophon().data
    assert shop.hash in foot
    assert report.comparison.evaluations["popular"].data_hash in foot
    assert "user-knn: CPU" in foot
    assert "20% of each user" in foot


def test_the_baseline_may_be_the_model(shop):
    report = wb.reports.ModelReport(shop, "popular", examples=1, language="zh")
    assert list(report.comparison.evaluations) == ["popular"]
    assert "popular 的表现如何？" in report.header().data
    assert report.lists().data.count("<h3>") == 1


def test_an_unknown_model_is_refused(shop):
    with pytest.raises(OptionError, match="model='item-nn' is not one of 'item-knn'"):
        wb.reports.ModelReport(shop, "item-nn")
