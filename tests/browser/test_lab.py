"""A person opens Lab, runs a notebook and moves a control; a merchandiser works on copy."""

import pytest
from playwright.sync_api import expect

SECOND = 1000
APPROVE = "button.mod-success"


@pytest.fixture
def page(chromium):
    page = chromium.new_page(viewport={"width": 1500, "height": 1400})
    page.set_default_timeout(90 * SECOND)
    # What a first search compiles takes some fifteen seconds, on a busy machine more.
    expect.set_options(timeout=90 * SECOND)
    yield page
    page.close()


def run_all(page, lab, name):
    """Run a notebook to its end, in a workspace of its own: others' kernels may be idle already."""
    page.goto(f"{lab}/{name}/tree/notebooks/{name}.ipynb", wait_until="domcontentloaded")
    page.wait_for_selector(".jp-Notebook")
    # The indicator beside the kernel's name says idle before there is a kernel.
    status_bar = page.locator("#jp-bottom-panel")
    expect(status_bar).to_contain_text("(ipykernel) | Idle")
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Run All Cells").first.click()
    # What is pressed while cells run waits for the last of them.
    expect(status_bar).to_contain_text("(ipykernel) | Busy")
    expect(status_bar).to_contain_text("(ipykernel) | Idle", timeout=300 * SECOND)
    page.locator(".jp-Notebook").evaluate("notebook => notebook.scrollTop = 0")


def test_a_control_of_the_similarity_notebook_changes_its_figure(page, lab):
    run_all(page, lab, "02_similarity")
    names = page.locator(".js-plotly-plot").first.locator(".ytick text")
    expect(names.first).to_be_visible(timeout=90 * SECOND)
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


def test_a_line_is_edited_refused_approved_and_exported(page, lab):
    run_all(page, lab, "04_copy")
    lines = page.locator(".wb-card-picker [role=option]")
    expect(lines.first.locator("mark.name")).to_be_visible(timeout=180 * SECOND)

    area = page.locator(".jupyter-widgets textarea")
    area.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" It has a story.")
    expect(page.locator(".wb .error li")).to_have_text(["A word that nothing supports: story"])
    expect(area).to_have_value(f"{lines.first.locator('.copy').inner_text()}")
    expect(lines.first.locator(".chip", has_text="edited")).to_be_visible()
    page.locator(APPROVE).click()
    expect(page.locator(".wb .error", has_text="Give a reason first")).to_be_visible()
    expect(page.locator(".chip.flagged")).to_have_count(0)
    page.get_by_placeholder("Reason, to reject it").fill("the press office has the proof")
    page.locator(APPROVE).click()
    expect(lines.first.locator(".chip.flagged")).to_be_visible()

    lines.nth(1).click()
    expect(area).to_have_value(lines.nth(1).locator(".copy").inner_text())
    page.locator(APPROVE).click()
    expect(lines.nth(1).locator(".chip.approved")).to_be_visible()
    page.keyboard.press("Escape")
    lines.nth(1).focus()
    page.keyboard.press("ArrowDown")
    expect(lines.nth(2)).to_have_attribute("aria-selected", "true")
    # The editor moves what is below it as it shows another line.
    expect(area).to_have_value(lines.nth(2).locator(".copy").inner_text())

    page.get_by_placeholder("Reason, to reject it").fill("we ran it last week")
    page.locator("button.mod-danger").click()
    expect(lines.nth(2).locator(".chip.rejected")).to_be_visible()
    page.locator("button", has_text="Take back").click()
    expect(lines.nth(2).locator(".chip.rejected")).to_have_count(0)

    kinds, domains = (
        page.locator(".jupyter-widgets select").filter(has_text=name)
        for name in ("list introduction", "by the data")
    )
    kinds.select_option("list introduction")
    expect(lines).to_have_count(1)
    expect(lines.first).to_contain_text("The whole list (5)")
    before = area.input_value()
    page.locator("button", has_text="Other lines").click()
    variants = page.locator(".widget-gridbox .widget-gridbox .copy")
    expect(variants.first).to_be_visible()
    taken = variants.first.inner_text()
    assert taken != before
    page.locator("button", has_text="Use this one").first.click()
    expect(area).to_have_value(taken)
    page.locator(APPROVE).click()
    expect(lines.first.locator(".chip.approved")).to_be_visible()
    domains.select_option("finance")
    needed = page.locator(".wb .error", has_text="needs the column 'risk_preference'")
    expect(needed).to_be_visible()
    expect(lines).to_have_count(0)
    domains.select_option("film")
    expect(lines.first.locator(".chip.approved")).to_be_visible()

    kinds.select_option("e-mail")
    subject = page.get_by_label("Subject")
    expect(subject).to_be_visible(timeout=180 * SECOND)
    subject.fill("It won an award")
    expect(page.locator(".wb .error li").first).to_contain_text("In the subject: An award")
    subject.fill("A new suggestion for you")
    expect(page.locator(".wb .error li")).to_have_count(0)
    expect(lines.first).to_contain_text("A new suggestion for you")
    page.locator(APPROVE).click()
    expect(lines.first.locator(".chip.approved")).to_be_visible()

    page.locator("button", has_text="Export approved lines").click()
    expect(page.locator(".passes", has_text="Written to approved.csv: 4")).to_be_visible()
