"""Pieces of HTML, of which whatever comes from data is escaped."""

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.html import escape
from workbench.panels.assets import asset
from workbench.strings import Strings

STYLE = f"<style>\n{asset('cards.css')}</style>"


def box(*parts: str) -> str:
    """Wrap parts in the block that the style applies to."""
    return f'<div class="wb">{"".join(parts)}</div>'


def heading(title: str, note: str = "", *, level: int = 2) -> str:
    """A heading with a line of explanation under it."""
    under = f'<p class="soft">{escape(note)}</p>' if note else ""
    return f"<h{level}>{escape(title)}</h{level}>{under}"


def tiles(figures: Mapping[str, Any]) -> str:
    """Numbers with their labels, side by side."""
    cells = (
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(label)}</span></div>'
        for label, value in figures.items()
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def chips(labels: Iterable[str], kind: str = "") -> str:
    """Small labels in a row."""
    return "".join(f'<span class="chip {kind}">{escape(label)}</span>' for label in labels)


def facts(rows: Mapping[str, str]) -> str:
    """What is to be known, a line each."""
    body = "".join(
        f"<tr><td class='soft'>{escape(key)}</td><td>{escape(value)}</td></tr>"
        for key, value in rows.items()
    )
    return f'<table class="facts">{body}</table>'


def error(message: object) -> str:
    """A message for the reader to act on."""
    return f'<div class="error">{escape(message)}</div>'


def badge(text: Strings, *, device: object, data_hash: str, seconds: float) -> str:
    """Where, on what and how fast a result was computed."""
    line = text("device.badge", device=device, hash=data_hash, seconds=f"{seconds:.2f}")
    return f'<div class="badge">{escape(line)}</div>'


def number(value: float) -> str:
    """Three digits that count, or all before the point: scores may be counts or probabilities."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}"


def card(
    rank: int,
    title: str,
    *,
    score: float | None = None,
    labels: Iterable[str] = (),
    copy: str = "",
    why: str = "",
    marks: str = "",
) -> str:
    """One recommendation: rank, title, score, labels, its line of copy and its evidence."""
    value = "" if score is None else f' <span class="score">· {number(score)}</span>'
    return (
        f'<div class="card"><div class="rank">{rank}</div><div class="body">'
        f'<div><span class="title">{escape(title)}</span>{value} {marks}</div>'
        + (f'<div class="copy">{escape(copy)}</div>' if copy else "")
        + (f"<div>{chips(labels)}</div>" if labels else "")
        + (f'<div class="why">{escape(why)}</div>' if why else "")
        + "</div></div>"
    )
