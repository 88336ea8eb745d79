import pytest

import workbench as wb


@pytest.fixture(scope="module")
def model(movies):
    return wb.ItemKNN().fit(movies)


def test_changing_the_tone_writes_what_the_copywriter_writes(model, movies):
    writer = wb.Copywriter()
    panel = wb.panels.CopyStudio(model, 42, writer=writer, n=2)
    panel.controls["tone"].value = "plain"
    direct = writer.write(model.recommend([42], n=2), movies, tone="plain", seed=0)
    assert panel.state.lines["text"].tolist() == direct["text"].tolist()
    assert panel.state.tone == "plain"


def test_every_line_is_shown_with_its_source_and_evidence(model):
    panel = wb.panels.CopyStudio(model, 42, n=3, language="zh")
    assert panel._lines.value.count('class="copy"') == 3
    assert panel._lines.value.count("因为您评价过") == 3
    assert set(panel.state.lines["source"]) == {"pool"}
