"""A person opens Lab, runs a notebook and moves a control."""

import pytest
from playwright.sync_api import expect

SECOND = 1000


@pytest.fixture
def page(chromium):
    page = chromium.new_page(viewport={"width": 1500, "height": 1400})
    page.set_default_timeout(90 * SECOND)
    # What a first search compiles takes some fifteen seconds, on a busy machine more.
    expect.set_options(timeout=90 * SECOND)
    yield page
    page.close()


def run_all(page, lab, name):
    """Open a notebook in a workspace of its own, as another's kernel may be idle already."""
    page.goto(f"{lab}/{name}/tree/notebooks/{name}.ipynb", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook")
    # The indicator beside the kernel's name says idle before there is a kernel.
    status_bar = page.locator("#jp-bottom-panel")
    expect(status_bar).to_contain_text("(ipykernel) | Idle")
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()


def test_a_control_of_the_similarity_notebook_changes_its_figure(page, lab):
    run_all(page, lab, "02_similarity")
    names = page.locator(".js-plotly-plot").first.locator(".ytick text")
    expect(names.first).to_be_visible(timeout=90 * SECOND)
    page.locator(".jp-Notebook").evaluate("notebook => notebook.scrollTop = 0")
    cosine = names.all_text_contents()
    assert len(cosine) == 12
    page.locator("select").filter(has_text="pearson").select_option("pearson")
    expect(names.first).not_to_have_text(cosine[0])
    assert names.all_text_contents() != cosine
    axis = page.locator(".js-plotly-plot").first.locator(".xtitle")
    expect(axis).to_have_text("pearson")


def test_figures_of_the_speed_notebook_take_the_width_of_their_place(page, lab):
    """Plotly draws a figure before it has a place, and left it 700 pixels wide there."""
    run_all(page, lab, "10_speed_and_scale")
    expect(page.locator(".tiles")).to_be_visible(timeout=180 * SECOND)
    page.locator(".jp-Notebook").evaluate("notebook => notebook.scrollTop = 0")
    figure = page.locator(".js-plotly-plot").first
    expect(figure.locator(".ytick text").first).to_be_visible()
    width = figure.evaluate("figure => figure.clientWidth")
    assert width > 800
    drawn = figure.locator("svg").first.evaluate("svg => svg.getBoundingClientRect().width")
    assert drawn == pytest.approx(width, abs=2)


def test_the_evaluate_notebook_measures_another_model_at_a_press(page, lab):
    run_all(page, lab, "05_evaluate")
    first = page.locator(".js-plotly-plot").first
    expect(first.locator(".ytick text").first).to_be_visible(timeout=180 * SECOND)
    page.locator(".jp-Notebook").evaluate("notebook => notebook.scrollTop = 0")
    expect(first.locator(".ytick text", has_text="p3alpha").first).to_be_visible()
    assert first.locator(".ytick text", has_text="rp3beta").count() == 0
    page.locator(".widget-toggle-button", has_text="rp3beta").click()
    page.locator("button", has_text="Measure").click()
    expect(first.locator(".ytick text", has_text="rp3beta").first).to_be_visible()


def test_a_dislike_in_the_recommend_notebook_changes_the_list(page, lab):
    run_all(page, lab, "03_recommend")
    titles = page.locator(".widget-gridbox").first.locator(".title")
    expect(titles.first).to_be_visible(timeout=90 * SECOND)
    before = titles.all_inner_texts()
    page.locator(".fa-thumbs-down").first.click()
    expect(titles.first).not_to_have_text(before[0])
    assert before[0] not in titles.all_inner_texts()
    expect(page.locator(".chip.new").first).to_be_visible()


def test_a_like_in_the_interview_changes_the_list_and_all_figures_have_data(page, lab):
    run_all(page, lab, "06_cold_start")
    likes = page.locator(".widget-gridbox .fa-thumbs-up")
    expect(likes.first).to_be_visible(timeout=180 * SECOND)
    likes.first.click()
    expect(page.locator(".wb p.soft", has_text="Answers so far: 1.")).to_be_visible()
    expect(page.locator(".chip.new").first).to_be_visible()
    figures = page.locator(".js-plotly-plot")
    figures.first.scroll_into_view_if_needed()
    expect(figures.first.locator(".bars .point").first).to_be_visible()
    expect(figures.nth(1).locator(".scatterlayer .trace").first).to_be_attached()
