"""A merchandiser opens CopyStudio, edits lines and an e-mail, approves, rejects and exports."""

from playwright.sync_api import expect

from tests.browser.test_lab import SECOND, page, run_all

__all__ = ["page"]  # the fixture

APPROVE = "button.mod-success"


def test_a_line_is_edited_refused_approved_and_exported(page, lab):
    run_all(page, lab, "04_copy")
    lines = page.locator(".wb-pick [role=option]")
    expect(lines.first.locator("mark.name")).to_be_visible(timeout=180 * SECOND)
    page.locator(".jp-Notebook").evaluate("notebook => notebook.scrollTop = 0")

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
    # The desk moves what is below it as it shows another line.
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
