import pytest

import workbench as wb
from workbench.datasets.features import taste
from workbench.errors import UnknownIdError


def test_another_user_is_profiled_and_compared(movies):
    panel = wb.panels.UserExplorer(movies, 42)
    panel.controls["user"].value = "7"
    panel.controls["k"].value = 5
    near = wb.similar(movies, of="users", k=5, ids=[7]).frame()
    assert list(panel.figures.children[2].figure.data[0].x) == near["score"].tolist()
    shares = taste(movies, user_id=7)["share"].head(10)
    assert sorted(panel.figures.children[0].figure.data[1].x) == pytest.approx(sorted(shares))
    assert f"<b>{len(movies.history(7)):,}</b>" in panel.numbers.value


def test_the_report_says_where_and_how_fast(movies):
    report = wb.reports.UserReport(movies, 42, n=3, language="zh")
    page = "".join(part.data for part in (report.header(), report.recommended()))
    report.similar_users()
    foot = report.colophon().data
    assert "用户 42" in page
    assert movies.hash in foot
    assert "CPU" in foot
    assert {"profile", "similar_users", "recommend", "copy"} <= set(report.seconds)


def test_an_unknown_user_is_an_error(movies):
    with pytest.raises(UnknownIdError, match="user 0 has no interactions"):
        wb.reports.UserReport(movies, 0).header()


def test_a_typical_user_is_active_but_not_extreme(movies):
    activity = movies.interactions.groupby("user_id").size()
    chosen = activity[wb.panels.typical_user(movies)]
    assert activity.quantile(0.7) <= chosen <= activity.quantile(0.8)
