"""Lines drawn for a reader: a verdict stays with its line, and with no other."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.language.measures.copies import FILMS, liked, lines

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def copywriting(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(FOLDER))
    import copywriting

    monkeypatch.setattr(copywriting, "LINES", tmp_path / "lines.csv")
    monkeypatch.setattr(copywriting, "READ", 2)
    yield copywriting
    for name in ("copywriting", "harness"):
        sys.modules.pop(name, None)


def test_verdict_stays_with_its_line_until_that_changes(copywriting) -> None:
    copy = lines((7, 1, "Heat after Casino.", [liked(2)]), (7, 4, "Amelie, nan.", []))
    copy = copy.assign(source="model", seed=0)
    copywriting.draw("films", copy, FILMS)
    drawn = pd.read_csv(copywriting.LINES, keep_default_na=False)
    assert drawn["verdict"].tolist() == ["", ""]
    assert drawn[["title", "genres", "year"]].iloc[0].tolist() == ["Heat", "Action|Crime", 1995]
    drawn.assign(verdict=["good", "clumsy"]).to_csv(copywriting.LINES, index=False)
    copywriting.draw("other", copy, FILMS)
    copywriting.draw("films", copy.assign(text=["Heat after Casino.", "Amelie again."]), FILMS)
    again = pd.read_csv(copywriting.LINES, keep_default_na=False)
    assert again["part"].tolist() == ["other", "other", "films", "films"]
    assert again["verdict"].tolist() == ["", "", "good", ""]
    assert again.columns.tolist() == drawn.columns.tolist()
