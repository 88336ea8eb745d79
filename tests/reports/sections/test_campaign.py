import pandas as pd
import pytest

import workbench as wb
from workbench.errors import DataError, OptionError

HOSTILE = "<img src=x onerror=alert(1)>"


CLAIM = "它有一个故事。"


@pytest.fixture(scope="module")
def report(shop):
    """In Chinese, which takes no model; 3 lines for each of 4 users; one line is spoilt."""
    report = wb.reports.CampaignReport(
        shop, "city == 'Hangzhou'", budget=14, n=3, language="zh", seed=1
    )
    report.review.edit(2, report.review.lines["text"][2] + CLAIM)
    return report


def test_the_lines_are_those_of_the_copywriter_within_the_budget(report, shop):
    assert len(report.users) == 4
    assert set(shop.users.set_index("user_id")["city"][report.users]) == {"Hangzhou"}
    recs = wb.ItemKNN(min_overlap=5).fit(shop).recommend(report.users, n=3)
    direct = wb.Copywriter().write(recs, shop, language="zh", seed=1)
    assert report.lines["draft"].tolist() == direct["text"].tolist()
    assert set(report.lines["status"]) == {"open"}


def test_what_does_not_pass_is_flagged_with_its_reason(report):
    assert report.lines["reasons"].map(bool).tolist() == [False, False, True] + 9 * [False]
    page = report.copy().data
    assert page.count('chip flagged"') == 1
    assert page.count('chip approved"') == 11
    assert page.count("没有依据的词：故事") == 1
    head = report.header().data
    assert f"<b>{len(report.reached)}</b><span>分群用户数" in head
    assert "<b>1</b><span>有标记" in head
    assert "<b>11</b><span>通过核对" in head
    assert "预算 14 条，每位用户 3 条" in head
    assert f"触达 {len(report.reached)} 位用户中的 4 位（按种子 1 抽取）" in head
    assert "city == &#x27;Hangzhou&#x27;" in head


def test_a_length_is_marked_in_the_figure(shop):
    report = wb.reports.CampaignReport(shop, budget=2, max_chars=50, language="zh")
    figure = report.lengths()
    assert figure.layout.shapes[0].x0 == 50.5
    bins = figure.data[0].xbins
    assert (50.5 - bins.start) % bins.size == 0
    too_long = (report.lines["text"].str.len() > 50).tolist()
    assert report.lines["reasons"].map(bool).tolist() == too_long


def test_the_figures_count_the_lines(report, shop):
    assert sum(report.sources().data[0].x) == 12
    (reasons,) = report.reasons().data
    assert list(reasons.x) == [len(report.lines["reasons"][2])]
    assert len(report.lengths().data[0].x) == 12
    exposure = report.lines["item_id"].value_counts()
    assert report.exposure().data[0].x[0] == exposure.max()
    chosen, promoted = report.genres().data
    genres = shop.items.set_index("item_id")["genres_zh"].loc[report.lines["item_id"]].explode()
    share = (genres == promoted.y[-1]).mean()
    assert promoted.x[-1] == pytest.approx(share)
    assert len(chosen.x) == len(promoted.x)


def test_the_measures_are_those_of_the_evaluation(report, shop):
    found = wb.evaluate_copy(report.lines, shop, language="zh").frame().set_index("metric")
    dots = {
        label: x
        for trace in report.measures().data
        for (label, _), x in zip(trace.customdata, trace.x, strict=True)
    }
    assert dots["提到物品的类别 ↑"] == found["value"]["fmr"]
    assert dots["不同的写法 ↑"] == found["value"]["usr"]
    assert "没有任何问题 ↑" not in dots  # the check of every line says it already


def test_a_pool_writes_to_a_whole_segment(shop):
    report = wb.reports.CampaignReport(shop, mode="pool", budget=0, n=1, shown=3)
    recs = wb.ItemKNN(min_overlap=5).fit(shop).recommend(shop.user_ids, n=1)
    direct = wb.Copywriter().write(recs, shop, mode="pool")
    assert report.lines["text"].tolist() == direct["text"].tolist()
    assert set(report.lines["source"]) <= {"pool", "pattern"}
    head = report.header().data
    assert "Everybody in the segment is written to; lines a user: at most 1." in head
    without = len(shop.user_ids) - recs["user_id"].nunique()
    assert ("No item has a score for" in head) == (without > 0)


def test_of_many_users_the_page_shows_some_and_the_flagged_first(report, monkeypatch):
    monkeypatch.setattr(report, "shown", 1)
    spoilt = report.lines["user_id"][2]
    page = report.copy().data
    assert page.count('class="card"') == 3
    assert f"用户 {spoilt}</h3>" in page
    assert "此处展示 4 位用户中的 1 位" in page
    monkeypatch.setattr(report, "shown", 4)
    assert "此处展示" not in report.copy().data
    assert report.copy().data.index(f"用户 {spoilt}</h3>") < report.copy().data.index("card")


def test_all_lines_go_to_the_file_that_is_named(report, tmp_path, monkeypatch):
    assert "<p>" not in report.saved().data
    monkeypatch.setattr(report, "path", str(tmp_path / "lines.csv"))
    assert f"全部 12 条文案及核对结果已写入 {tmp_path}" in report.saved().data
    table = pd.read_csv(tmp_path / "lines.csv")
    assert table["text"].tolist() == report.lines["text"].tolist()
    assert table["reasons"].str.contains("unsupported-word").sum() == 1
    assert set(table["status"]) == {"open"}


def test_users_without_a_line_are_counted(shop):
    alone = pd.DataFrame({"user_id": "alone", "item_id": ["i001"], "rating": [1.0]})
    ds = wb.Dataset(pd.concat([shop.table, alone]), shop.items)
    report = wb.reports.CampaignReport(
        ds, "user_id in ['alone', 'u011']", mode="pool", budget=0, language="zh"
    )
    head = report.header().data
    assert "<b>1</b><span>触达用户数" in head
    assert "其中 1 位没有可推荐的物品" in head


def test_where_all_is_refused_there_is_nothing_to_measure(shop, tmp_path):
    bare = tmp_path / "bare.toml"
    bare.write_text('name = "bare"\ngoods = {zh = "植物"}\n', encoding="utf-8")
    report = wb.reports.CampaignReport(shop, preset=str(bare), budget=2, language="zh")
    assert set(report.lines["source"]) == {"refused"}
    assert "所有文案均未生成" in report.measures().data
    assert len(report.lengths().data[0].x) == 0


def test_the_foot_says_where_and_on_what(report, shop):
    foot = report.colophon().data
    assert shop.hash in foot
    assert str(report.recommender.device) in foot


def test_a_segment_smaller_than_the_budget_is_written_to_whole(shop):
    report = wb.reports.CampaignReport(shop, "user_id in ['u004', 'u011']", language="zh")
    assert report.users.tolist() == ["u004", "u011"]
    assert len(report.lines) == 4
    assert "全部文案通过核对" in report.reasons().data


def test_the_seed_draws_the_users(shop):
    drawn = [wb.reports.CampaignReport(shop, seed=seed).users.tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 10


def test_data_without_genres_or_attributes_do(shop):
    bare = wb.Dataset(shop.interactions, shop.items[["item_id", "title", "price"]])
    report = wb.reports.CampaignReport(bare, "activity >= 40", budget=2, n=1, language="zh")
    assert len(report.lines) == 2
    assert [len(bar.x) for bar in report.genres().data] == [0, 0]


def test_users_for_whom_nothing_has_a_score_are_named(shop):
    alone = pd.DataFrame({"user_id": [1, 2], "item_id": ["i001", "i002"], "rating": [1.0, 1.0]})
    report = wb.reports.CampaignReport(wb.Dataset(alone, shop.items), "user_id == 1")
    with pytest.raises(DataError, match="no item has a score for the users of segment='user_id"):
        report.header()


def test_titles_are_escaped(shop):
    hostile = shop.items.assign(title=HOSTILE + shop.items["title"])
    ds = wb.Dataset(shop.interactions, hostile.assign(title_zh=HOSTILE + shop.items["title_zh"]))
    report = wb.reports.CampaignReport(ds, budget=2, language="zh")
    page = report.copy().data + report.header().data
    assert "<img" not in page
    assert page.count("&lt;img") >= 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"segment": "town == 'x'"}, "no column 'town'"),
        ({"budget": -1}, "budget=-1"),
        ({"budget": 2, "n": 3}, "budget=2 lines pay for no list of n=3"),
        ({"mode": "fast"}, "mode='fast'"),
        ({"shown": 0}, "shown=0"),
        ({"path": "lines.xls"}, "'lines.xls' must end on one of .csv"),
        ({"n": 0}, "n=0"),
        ({"max_chars": -1}, "max_chars=-1"),
    ],
)
def test_what_cannot_be_is_refused_at_once(shop, options, words):
    with pytest.raises(OptionError, match=words):
        wb.reports.CampaignReport(shop, **options)
