"""The report as its reader opens it: in a browser, without a network."""

import json

import pandas as pd
import pytest

import workbench as wb

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def hostile_data(tmp_path_factory):
    """The shop, every tenth title of which is markup."""
    ds = wb.load("shop")
    folder = tmp_path_factory.mktemp("hostile")
    titles = ds.items["title"].where(ds.items.index % 10 > 0, HOSTILE + ds.items["title"])
    ds.items.assign(title=titles)[["item_id", "title"]].to_csv(folder / "items.csv", index=False)
    ds.interactions[["user_id", "item_id", "rating"]].to_csv(folder / "ratings.csv", index=False)
    return folder


@pytest.fixture
def visit(chromium):
    """Open a file with the network off; returns the page and what it said and asked for."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    heard = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: (heard.append("dialog"), dialog.dismiss()))
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    def open_page(path):
        page.goto(path.as_uri())
        page.wait_for_load_state("networkidle")
        return page, heard, asked

    yield open_page
    context.close()


def test_every_figure_is_drawn_and_nothing_is_asked_of_the_network(visit, tmp_path):
    path = wb.report("user", user_id=42, language="zh", output=tmp_path, progress=False)
    page, heard, asked = visit(path)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.locator(".js-plotly-plot").count() == 3
    assert page.locator(".js-plotly-plot .bars").count() == 5
    assert heard == []
    assert asked == [path.as_uri()]
    assert page.locator(".card").count() == 10
    assert page.title() == "用户 42 的推荐报告"


def test_the_campaign_report_is_whole(visit, tmp_path):
    """Every line with its check and its marks; six figures or, where nothing is flagged, five."""
    asked_for = {"dataset": "shop", "segment": "city == 'Hangzhou'", "language": "zh"}
    path = wb.report("campaign", **asked_for, max_chars=40, output=tmp_path, progress=False)
    page, heard, asked = visit(path)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert heard == []
    assert asked == [path.as_uri()]
    assert page.locator(".card").count() == 10
    flagged = page.locator(".card .chip.flagged").count()
    assert flagged + page.locator(".card .chip.approved").count() == 10
    assert page.locator(".js-plotly-plot").count() == (6 if flagged else 5)
    assert page.locator(".card mark.name").count() >= 10
    assert page.title() == "营销活动文案"


def test_the_model_report_is_whole(visit, tmp_path):
    """Error bars, small figures side by side, and lists with hits."""
    path = wb.report("model", model="user-knn", dataset="shop", output=tmp_path, progress=False)
    page, heard, asked = visit(path)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert page.locator(".js-plotly-plot").count() == 4
    assert page.locator(".js-plotly-plot").first.locator(".xerror").count() >= 10
    assert page.locator(".js-plotly-plot .barlayer .point").count() == 6
    assert page.locator(".columns .card").count() == 3 * 2 * 5
    assert page.title() == "How good is user-knn?"
    assert heard == []
    assert asked == [path.as_uri()]


def test_markup_in_titles_appears_as_text(visit, hostile_data, tmp_path):
    table = pd.read_csv(hostile_data / "ratings.csv")
    items = pd.read_csv(hostile_data / "items.csv")
    marked = items.loc[items["title"].str.startswith("<img"), "item_id"]
    rated = table[~table["item_id"].isin(marked)]
    user = rated["user_id"].value_counts().index[0]
    notebook = _report_on(hostile_data, tmp_path)
    data = str(hostile_data / "ratings.csv")
    path = wb.report(str(notebook), dataset=data, user_id=user, output=tmp_path, progress=False)
    page, heard, _ = visit(path)
    assert HOSTILE in page.inner_text("body")
    assert page.locator("img").count() == 0
    assert heard == []


def _report_on(folder, tmp_path):
    """The user report over the hostile files, whose items are in a table of their own."""
    from workbench.reports.plan import find_report

    notebook = json.loads(find_report("user").read_text("utf-8"))
    cell = next(c for c in notebook["cells"] if "UserReport" in "".join(c["source"]))
    reading = f"wb.read({str(folder / 'ratings.csv')!r}, items={str(folder / 'items.csv')!r})"
    source = "".join(cell["source"]).replace("    dataset,", f"    {reading},")
    cell["source"] = source.replace("language=language", "language='zh'").replace("n=n", "n=60")
    path = tmp_path / "hostile_report.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path
