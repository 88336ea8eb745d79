"""Pieces of HTML, of which whatever comes from data is escaped."""

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.html import escape
from workbench.language.grounding.lexicon import genre_name
from workbench.strings import Strings

STYLE = """<style>
.wb{--ink:var(--jp-ui-font-color1,#1d2733);--soft:var(--jp-ui-font-color2,#5b6876);
 --line:var(--jp-border-color2,#dfe5ea);--card:var(--jp-layout-color1,#fff);
 --tint:var(--jp-layout-color2,#f4f6f8);--accent:#2f63c4;--warm:#c9622c;
 color:var(--ink);font-size:14px;line-height:1.45}
.wb h1{font-size:28px;line-height:1.2;margin:0 0 4px;font-weight:650;letter-spacing:-.01em}
.wb h2{font-size:19px;margin:26px 0 6px;font-weight:620}
.wb h3{font-size:15px;margin:18px 0 4px;font-weight:620}.wb p{margin:4px 0 8px}
.wb .soft{color:var(--soft)}.wb .tiles{display:flex;flex-wrap:wrap;gap:10px;margin:10px 0}
.wb .tile{background:var(--tint);border-radius:8px;padding:8px 14px;min-width:88px}
.wb .tile b{display:block;font-size:20px;font-weight:620;font-variant-numeric:tabular-nums}
.wb .tile span{color:var(--soft);font-size:12px}
.wb .card{border:1px solid var(--line);background:var(--card);border-radius:10px;
 padding:10px 14px;margin:8px 0;display:flex;gap:14px;break-inside:avoid}
.wb .rank{font-size:20px;font-weight:620;color:var(--accent);min-width:26px;text-align:right;
 font-variant-numeric:tabular-nums}
.wb .body{flex:1;min-width:0}.wb .title{font-weight:620;overflow-wrap:anywhere}
.wb .score{color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap}
.wb .copy{font-size:15px;margin:4px 0}.wb .why{color:var(--soft);font-size:13px}
.wb .chip{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:0 8px;
 margin:2px 4px 2px 0;font-size:12px;color:var(--soft)}
.wb .chip.model{color:var(--accent);border-color:currentColor}
.wb .chip.new{color:var(--warm);border-color:currentColor;font-weight:620}
.wb-pick .wb .card{border:0;background:none;margin:2px 0;padding:6px 0}
.wb .copy.large{font-size:18px;line-height:1.5;margin:8px 0}
.wb .copy{white-space:pre-line}
.wb .chip.approved{color:#2e7d4f;border-color:currentColor;font-weight:620}
.wb .chip.flagged{color:var(--warm);border-color:currentColor;font-weight:620}
.wb .chip.rejected{color:#c0392b;border-color:currentColor;font-weight:620}
.wb mark{color:inherit;border-radius:3px;padding:0 2px;background:rgba(47,99,196,.13)}
.wb mark.name{background:rgba(47,99,196,.26)}.wb mark.evidence{background:rgba(224,121,58,.26)}
.wb .facts mark{white-space:normal}.wb .passes{border-left:3px solid #2e7d4f;padding:6px 12px;
 background:var(--tint)}
.wb .error ul{margin:2px 0 0;padding-left:20px}.wb summary{cursor:pointer;color:var(--soft)}
.wb pre{white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;
 background:var(--tint);padding:8px 12px;border-radius:8px;
 font-size:12px}
.wb .columns{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);gap:14px}
.wb .badge{color:var(--soft);font-size:12px;border-top:1px solid var(--line);margin-top:10px;
 padding-top:6px}
.wb .error{border-left:3px solid #c0392b;padding:6px 12px;background:var(--tint)}
.wb table{border-collapse:collapse;font-size:13px;margin:6px 0;color:var(--ink)}
.wb th{color:var(--soft);font-weight:550;border-bottom:1px solid var(--line)}
.wb th,.wb td{padding:3px 14px 3px 0;text-align:left;font-variant-numeric:tabular-nums}
.wb .facts td{text-align:left}.wb .dataframe th,.wb .dataframe td{text-align:right}
</style>"""


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


def because(
    pairs: Iterable[tuple[Any, float]],
    ds: Dataset,
    ratings: Mapping[Any, float],
    text: Strings,
    *,
    most: int = 3,
) -> str:
    """Evidence in words: "Because you rated Heat (1995) 5.0, Casino (1995) 4.5".

    Parameters
    ----------
    pairs : iterable of ByItem, ByUser or ByCount
    ratings : mapping of item id to rating
        The user's history.
    """
    pairs = [pair for pair in pairs if pair[1] > 0][:most]  # what speaks against is no reason
    if not pairs:
        return ""
    kind = type(pairs[0]).__name__
    ids = [pair[0] for pair in pairs]
    if kind == "ByUser":
        return text("because.users", names=", ".join(map(str, ids)))
    if kind == "ByCount":
        return text("because.count", count=f"{pairs[0][1]:,.0f}")
    titles = ds.titles_in(text.language)
    named = [text("because.title", title=titles[item]) for item in ids]
    if ds.explicit:
        named = [
            f"{name} {ratings[item]:.1f}" if ratings.get(item, -1) >= 0 else name
            for name, item in zip(named, ids, strict=True)
        ]
    key = "because.rated" if ds.explicit else "because.chosen"
    return text(key, items=text("because.comma").join(named))


def genres_of(ds: Dataset, item_id: Any, language: str) -> list[str]:
    """Genre labels of an item, in a language where the data have them."""
    column = ds.column(Columns.GENRES, language)
    if column not in ds.items:
        return []
    row = ds.items.loc[ds.items[Columns.ITEM] == item_id, column]
    return [genre_name(genre, language) for genre in row.iloc[0]] if len(row) else []
