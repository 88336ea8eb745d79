"""From recommendations to drafts: rows, evidence and slots of every text to be written."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.errors import DataError
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.draft import Draft
from workbench.language.copy.item_evidence import EvidenceReader, list_evidence
from workbench.language.copy.slots import slot_values
from workbench.language.grounding.item_facts import goods_of
from workbench.language.grounding.lexicon import genre_name
from workbench.words import clean

MOST = 4  # items of the evidence among which a sentence's is chosen
NEEDED = (Columns.USER, Columns.ITEM, Columns.BECAUSE)


def drafts_of(
    recs: pd.DataFrame, reader: EvidenceReader, brief: CopyBrief
) -> tuple[list[Draft], pd.DataFrame]:
    """Draft a text for each recommendation or list, and the table that they will stand in."""
    if missing := set(NEEDED) - set(recs.columns):
        raise DataError(f"recs lacks the columns {sorted(missing)}; it has {list(recs)}")
    others = {pair[0] for pairs in recs[Columns.BECAUSE] for pair in pairs}
    reader.read(recs[Columns.USER].unique(), [*recs[Columns.ITEM], *others])
    if brief.domain:
        brief.domain.suits(reader.data)
    drafts = list(_items(recs, reader, brief))
    if brief.format.per == "item":
        return drafts, recs
    lists: dict[Any, list[tuple[Any, Draft]]] = {}
    for item_id, draft in zip(recs[Columns.ITEM], drafts, strict=True):
        lists.setdefault(draft.reader, []).append((item_id, draft))
    ids = [[i for i, draft in pairs if not draft.refused] for pairs in lists.values()]
    table = pd.DataFrame({Columns.USER: list(lists), Columns.ITEMS: ids})
    return [_list_draft([d for _, d in pairs], reader) for pairs in lists.values()], table


def _items(recs: pd.DataFrame, reader: EvidenceReader, brief: CopyBrief) -> Iterator[Draft]:
    for user_id, item_id, because in recs[list(NEEDED)].to_numpy():
        row, user = reader.row(item_id), reader.user(user_id)
        about = brief.about(row)
        evidence = about.goods.evidence(user, row) + reader.evidence(user_id, item_id, because)
        draft = item_draft(about, None if user_id != user_id else user_id, row, evidence, reader)
        draft.refuse(about.goods.refusal(user, row))
        yield draft


def _list_draft(drafts: Sequence[Draft], reader: EvidenceReader) -> Draft:
    """Draft a list's text from those of its items, or refuse it with all of them."""
    suitable = [draft for draft in drafts if not draft.refused]
    first = (suitable or drafts)[0]
    if not suitable or first.brief.format.named:
        return first
    evidence, count = list_evidence([draft.evidence for draft in suitable]), len(suitable)
    draft = item_draft(first.brief, first.reader, {Columns.TITLE: ""}, evidence, reader)
    chinese = first.brief.language == "zh"
    picks = f"{count} 个选择" if chinese else f"{count} pick{'s' * (count > 1)}"
    draft.slots = [slots | {"picks": picks} for slots in draft.slots]
    return draft


def item_draft(
    brief: CopyBrief,
    user: Any,
    row: dict[str, Any],
    evidence: list[dict[str, Any]],
    reader: EvidenceReader,
) -> Draft:
    """Draft a text about an item."""
    goods = goods_of(row)
    title = reader.name(row, goods) if row[Columns.TITLE] else ""
    shown = [_called(e, goods, reader) for e in evidence]
    pairs = list(zip(evidence, shown, strict=True))
    items = [pair for pair in pairs if Columns.ITEM in pair[0]]
    # Only the strongest type: a sentence about what was liked names nothing that was not.
    items = [pair for pair in items if pair[0]["kind"] == items[0][0]["kind"]][:MOST]
    values = [name for e, name in pairs if e["kind"] == "attribute"]
    always = slot_values(row, title, language=brief.language) | {"picks": ""}
    slots = [
        always | {"because": name, "value": value, "shared": _shared(e, row, brief.language)}
        for (e, name), value in product(items or [({}, "")], values or [""])
    ]
    return Draft(brief, user, row, evidence, slots, shown)


def _called(evidence: Mapping[str, Any], goods: str, reader: EvidenceReader) -> str:
    if Columns.TITLE not in evidence:
        return ""
    if evidence["kind"] == "attribute":
        key = f"{Columns.TITLE}_zh" if reader.language == "zh" else Columns.TITLE
        return str(evidence[key])
    return reader.name(dict(evidence), goods, dated=False)


def _shared(evidence: Mapping[str, Any], row: Mapping[str, Any], language: str) -> str:
    """Name the first genre that an item of the evidence shares with the item."""
    shared: Sequence[str] = evidence.get(Columns.GENRES) or []
    if not shared:
        return ""
    if language == "en":
        return clean(shared[0]).lower()
    genres, chinese = row.get(Columns.GENRES, []), row.get(f"{Columns.GENRES}_zh", [])
    called = dict(zip(genres, chinese, strict=False)).get(shared[0]) or genre_name(shared[0], "zh")
    return "" if called == shared[0] else clean(called)
