"""The reports as their readers open them: in a browser, without a network."""

import pytest

import workbench as wb
from tests.reports.test_hostile import dataset
from tests.reports.test_hostile import page as built_page

HOSTILE = "<img src=x onerror=alert(1)>"

REPORTS = {
    "user": {"dataset": "shop", "language": "zh"},
    "campaign": {
        "dataset": "shop",
        "language": "zh",
        "segment": "city == 'Hangzhou'",
        "max_chars": 40,
    },
    "model": {"dataset": "shop", "model": "user-knn"},
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The page of each report, made once."""
    folder = tmp_path_factory.mktemp("reports")
    return {
        name: wb.report(name, **parameters, output=folder, progress=False)
        for name, parameters in REPORTS.items()
    }


@pytest.fixture
def visit(chromium):
    """Open a file with the network off; returns the page and what it logged and asked for."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    messages = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("dialog", lambda dialog: (messages.append("dialog"), dialog.dismiss()))
    requests = []
    page.on("request", lambda request: requests.append(request.url))

    def open_page(path):
        page.goto(path.as_uri())
        page.wait_for_load_state("networkidle")
        page.wait_for_selector(".js-plotly-plot .main-svg")
        assert messages == []
        assert requests == [path.as_uri()]
        return page

    yield open_page
    context.close()


def test_the_user_report_is_complete_and_its_notebook_small(visit, reports):
    """The executed notebook weighed 15 MB: each FigureWidget stored plotly.js, of no use there."""
    page = visit(reports["user"])
    assert page.locator(".js-plotly-plot").count() == 3
    assert page.locator(".js-plotly-plot .bars").count() == 5
    assert page.locator(".card").count() == 10
    assert page.title().endswith("的推荐报告")
    assert reports["user"].with_suffix(".ipynb").stat().st_size < 500_000


def test_the_campaign_report_is_complete(visit, reports):
    """Every line with its check and its marks; six figures or, where nothing is flagged, five."""
    page = visit(reports["campaign"])
    assert page.locator(".card").count() == 10
    flagged = page.locator(".card .chip.flagged").count()
    assert flagged + page.locator(".card .chip.approved").count() == 10
    assert page.locator(".js-plotly-plot").count() == (6 if flagged else 5)
    assert page.locator(".card mark.name").count() >= 10
    assert page.title() == "营销活动文案"


def test_the_model_report_is_complete(visit, reports):
    """Error bars, small figures side by side, and lists with hits."""
    page = visit(reports["model"])
    assert page.locator(".js-plotly-plot").count() == 4
    assert page.locator(".js-plotly-plot").first.locator(".xerror").count() >= 10
    assert page.locator(".js-plotly-plot .barlayer .point").count() == 6
    assert page.locator(".columns .card").count() == 3 * 2 * 5
    assert page.title() == "How good is user-knn?"


def test_markup_in_titles_appears_as_text(visit, tmp_path):
    titles = [f"{HOSTILE * (number % 3 == 0)}Oak Lamp {number}" for number in range(60)]
    text, _ = built_page("user", dataset(titles, "year"), language="zh", n=30)
    path = tmp_path / "hostile.html"
    path.write_text(text, encoding="utf-8")
    opened = visit(path)
    assert HOSTILE in opened.inner_text("body")
    assert opened.locator("img").count() == 0
