"""From recommendations to drafts: rows, evidence and slots of every text to be written."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.errors import DataError
from workbench.language.copy import prompts
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.domain import Domain, domain_named, domain_of
from workbench.language.copy.brief.settings import Language
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.draft import Draft
from workbench.language.copy.item_evidence import EvidenceReader, of_list
from workbench.language.grounding.item_facts import goods_of
from workbench.language.grounding.lexicon import genre_name
from workbench.words import clean

MOST = 4  # items of the evidence among which a sentence's is chosen
NEEDED = (Columns.USER, Columns.ITEM, Columns.BECAUSE)


def begin(
    recs: pd.DataFrame,
    catalogue: EvidenceReader,
    *,
    kind: str,
    preset: str | Path | None,
    voice: Voice,
) -> tuple[list[Draft], pd.DataFrame]:
    """Begin a draft for each recommendation or list, and the table that they will stand in."""
    if missing := set(NEEDED) - set(recs.columns):
        raise DataError(f"recs lacks the columns {sorted(missing)}; it has {list(recs)}")
    others = {pair[0] for pairs in recs[Columns.BECAUSE] for pair in pairs}
    catalogue.read(recs[Columns.USER].unique(), [*recs[Columns.ITEM], *others])
    named = domain_named(preset) if preset is not None else None
    if named:
        named.suits(catalogue.data)
    items = list(_items(recs, catalogue, kind, named, voice))
    if format_named(kind).per == "item":
        return items, recs
    lists: dict[Any, list[tuple[Any, Draft]]] = {}
    for item_id, draft in zip(recs[Columns.ITEM], items, strict=True):
        lists.setdefault(draft.reader, []).append((item_id, draft))
    drafts = [_of_list([draft for _, draft in own], catalogue) for own in lists.values()]
    ids = [[i for i, draft in own if not draft.refused] for own in lists.values()]
    return drafts, pd.DataFrame({Columns.USER: list(lists), Columns.ITEMS: ids})


def _items(
    recs: pd.DataFrame, catalogue: EvidenceReader, kind: str, preset: Domain | None, voice: Voice
) -> Iterator[Draft]:
    language: Language = catalogue.language
    for user_id, item_id, because in recs[list(NEEDED)].to_numpy():
        row, user = catalogue.row(item_id), catalogue.user(user_id)
        own = preset or domain_of(row)
        stated = own.evidence(user, row)
        evidence = stated + catalogue.evidence(user_id, item_id, because)
        reader = None if user_id != user_id else user_id
        brief = CopyBrief(format_named(kind), own, language, voice)
        draft = about_item(brief, reader, row, evidence, catalogue)
        draft.refuse(own.refusal(user, row))
        yield draft


def _of_list(drafts: Sequence[Draft], catalogue: EvidenceReader) -> Draft:
    """Begin a list's text from the drafts of its items, or refuse it with all of them."""
    suitable = [draft for draft in drafts if not draft.refused]
    if not suitable or suitable[0].brief.kind.named:
        return (suitable or drafts)[0]
    first = suitable[0]
    evidence = of_list([draft.evidence for draft in suitable])
    return _about_list(first.brief, first.reader, evidence, catalogue)


def about_item(
    brief: CopyBrief,
    reader: Any,
    row: dict[str, Any],
    evidence: list[dict[str, Any]],
    catalogue: EvidenceReader,
) -> Draft:
    """Begin a text about an item."""
    goods = goods_of(row)
    title = catalogue.name(row, goods) if row[Columns.TITLE] else ""
    shown = [_called(e, goods, catalogue) for e in evidence]
    pairs = list(zip(evidence, shown, strict=True))
    own = [(e, name) for e, name in pairs if Columns.ITEM in e]
    # Only the strongest kind: a sentence about what was liked names nothing that was not.
    own = [(e, name) for e, name in own if e["kind"] == own[0][0]["kind"]][:MOST]
    values = [name for e, name in pairs if e["kind"] == "attribute"]
    always = prompts.slots(row, title, language=brief.language) | {"picks": ""}
    slots = [
        always | {"because": name, "value": value, "shared": _shared(e, row, brief.language)}
        for (e, name), value in product(own or [({}, "")], values or [""])
    ]
    return Draft(brief, reader, row, evidence, slots, shown)


def _about_list(
    brief: CopyBrief, reader: Any, evidence: list[dict[str, Any]], catalogue: EvidenceReader
) -> Draft:
    """Begin a text about a whole list, which has no title of its own."""
    count = next(e["count"] for e in evidence if e["kind"] == "list")
    draft = about_item(brief, reader, {Columns.TITLE: ""}, evidence, catalogue)
    picks = f"{count} 个选择" if brief.language == "zh" else f"{count} pick{'s' * (count > 1)}"
    draft.slots = [slots | {"picks": picks} for slots in draft.slots]
    return draft


def _called(evidence: Mapping[str, Any], goods: str, catalogue: EvidenceReader) -> str:
    if Columns.TITLE not in evidence:
        return ""
    if evidence["kind"] == "attribute":
        key = f"{Columns.TITLE}_zh" if catalogue.language == "zh" else Columns.TITLE
        return str(evidence[key])
    return catalogue.name(dict(evidence), goods, dated=False)


def _shared(evidence: Mapping[str, Any], row: Mapping[str, Any], language: str) -> str:
    """Name the first genre that an item of the evidence shares with the item."""
    genres: Sequence[str] = evidence.get(Columns.GENRES) or []
    if not genres:
        return ""
    if language == "en":
        return clean(genres[0]).lower()
    own, chinese = row.get(Columns.GENRES, []), row.get(f"{Columns.GENRES}_zh", [])
    called = dict(zip(own, chinese, strict=False)).get(genres[0]) or genre_name(genres[0], "zh")
    return "" if called == genres[0] else clean(called)
