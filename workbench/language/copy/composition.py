"""Copy is composed: drafts, suppliers that give them sentences, and what is delivered."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

import pandas as pd

from workbench.columns import Columns
from workbench.language.copy import templates
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.draft import Draft, columns
from workbench.language.copy.draft_building import drafts_of
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.selection import Selection


class Supplier(Protocol):
    """Gives drafts sentences: a model, or a pool. What none supplies is written from templates."""

    has_patterns: ClassVar[bool]  # whether its sentences have slots that are told of

    def supply(self, drafts: Sequence[Draft], selection: Selection, progress: bool) -> None:
        """Give drafts a sound sentence that is new to their list, where there is one."""


def compose(
    recs: pd.DataFrame,
    reader: EvidenceReader,
    brief: CopyBrief,
    suppliers: Sequence[Supplier],
    *,
    seed: int,
    progress: bool = False,
) -> tuple[list[Draft], pd.DataFrame]:
    """Write a text for each recommendation or list; return drafts and `Copywriter.write`'s table.

    The suppliers are asked in turn for what is still without a sentence.
    """
    drafts, table = drafts_of(recs, reader, brief)
    selection = Selection(seed, words=brief.voice.use)
    pending = [draft for draft in drafts if not draft.refused]
    for supplier in suppliers:
        supplier.supply([d for d in pending if not d.sentence], selection, progress)
    templates.complete(pending, selection)
    written = columns(drafts, brief, seed)
    if any(supplier.has_patterns for supplier in suppliers):
        written[Columns.SENTENCE] = [d.pattern if d.source == "pool" else "" for d in drafts]
    return drafts, table.assign(**written)
