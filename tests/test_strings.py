"""One catalogue of strings: whole in every language, all of it used, nothing used without it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import workbench
from workbench.compute.options import OF
from workbench.errors import OptionError
from workbench.evaluation.statistics.groups import LEVELS
from workbench.families import FAMILIES
from workbench.language import COPY_METRICS
from workbench.language.copy.brief.settings import DOMAINS, FORMATS
from workbench.language.copy.brief.voice import TONES
from workbench.language.review.review import STATUSES
from workbench.panels.copy.copy_cards import EVIDENCE_TYPES, FACTS, REASONS
from workbench.panels.evaluation.experiment import ACCURACY, BEYOND, SPLITS
from workbench.panels.evaluation.model_comparison import TABS
from workbench.panels.performance.timings import GPU_ROWS
from workbench.plots.copy_quality import NOT_LINES
from workbench.strings import LANGUAGES, Strings, catalogue

SOURCES = Path(workbench.__file__).parent
ENTRIES = {
    f"{section}.{name}": entry
    for section, names in catalogue().items()
    for name, entry in names.items()
}

# Sections whose keys are put together, as in text(f"tone.{name}"), with the names that occur.
COMPOSED = {
    "evaluate": TABS,
    "split": SPLITS,
    "level": LEVELS,
    "metric": (*ACCURACY, *BEYOND),
    "tone": TONES,
    "text": FORMATS,
    "preset": DOMAINS,
    "source": ("model", "pool", "pattern", "refused"),
    "status": STATUSES,
    "reason": REASONS,
    "why": REASONS,
    "campaign": ("reached", "users", "lines", "pass", "flagged", "items", "drawn", "whole"),
    "measure": (*COPY_METRICS, *NOT_LINES),
    "fact": FACTS,
    "kind": EVIDENCE_TYPES,
    "similarity": OF,
    "family": (*FAMILIES, "recent"),
    "step": ("load", "profile", "similar_users", "recommend", "copy"),
    "page": ("done", "failed", "waiting"),
    "gpu_table": (*GPU_ROWS, "measured", "target", "cpu"),
}


def literals() -> Iterator[tuple[str, bool]]:
    """Every string in the Python sources and templates, and whether more is joined to its end."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield str(node.values[0].value), True
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, False
    for path in SOURCES.rglob("*.j2"):
        for call in re.findall(r'text\("([\w.]+)"( ~)?', path.read_text("utf-8")):
            yield call[0], bool(call[1])


def keys() -> set[str]:
    sections = "|".join(catalogue())
    return {
        text
        for text, joined in literals()
        if not joined and re.fullmatch(rf"({sections})\.[a-z_]+", text)
    }


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", ENTRIES)
def test_every_entry_is_whole_in_every_language(key: str) -> None:
    entry = ENTRIES[key]
    assert tuple(entry) == LANGUAGES
    assert all(text.strip() for text in entry.values())
    assert slots(entry["en"]) == slots(entry["zh"])
    assert "" not in slots(entry["en"])


def test_every_key_that_is_used_exists() -> None:
    assert sorted(keys() - ENTRIES.keys()) == []


def test_every_entry_is_used() -> None:
    composed = {f"{section}.{name}" for section, names in COMPOSED.items() for name in names}
    assert composed <= ENTRIES.keys()
    assert sorted(ENTRIES.keys() - keys() - composed) == []


def test_keys_are_composed_in_these_sections_alone() -> None:
    sections = {f"{section}." for section in catalogue()}
    assert {text for text, joined in literals() if joined and text in sections} == {
        f"{section}." for section in COMPOSED
    }


def test_texts_are_filled_in_the_language_asked_for() -> None:
    assert Strings()("user.name", user=42) == "user 42"
    assert Strings("zh")("user.name", user=42) == "用户 42"
    assert Strings("en")("page.done") == "done"


def test_values_are_put_in_as_they_are() -> None:
    hostile = "<img src=x onerror=alert(1)> {user} {0}"
    assert Strings("zh")("because.title", title=hostile) == f"“{hostile}”"


@pytest.mark.parametrize("language", ["fr", "EN", "", None])
def test_other_languages_are_refused(language: str) -> None:
    with pytest.raises(OptionError, match=r"language=.* is not one of 'en', 'zh'"):
        Strings(language)
