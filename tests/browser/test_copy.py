"""A merchandiser opens CopyStudio, edits a line, approves it and exports."""

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

    page.locator("button", has_text="Export approved lines").click()
    expect(page.locator(".passes", has_text="Written to approved.csv: 2")).to_be_visible()
