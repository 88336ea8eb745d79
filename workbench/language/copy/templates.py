"""Hand-written sentences: what is delivered where no model wrote, and what frames its sentences."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.draft import NO_TEXT, Draft
from workbench.language.copy.proofreading import finished
from workbench.language.copy.selection import Selection
from workbench.language.grounding.violation import Violation


class TemplateSupply(NamedTuple):
    """Hand-written texts of a brief, by type of evidence, for a part of a draft."""

    part: str
    texts: Callable[[CopyBrief, str], list[str]]

    def ranks(self, draft: Draft) -> Mapping[str, int]:
        """Rank the patterns by how strong the evidence is that they speak of."""
        ranks: dict[str, int] = {}
        for rank, evidence in enumerate(draft.evidence_types):
            for pattern in self.texts(draft.brief, evidence):
                ranks.setdefault(pattern, rank)
        return ranks

    def take(self, draft: Draft, pattern: str, text: str, slots: Mapping[str, str]) -> bool:
        """Put a text into its part of a draft, if it is sound there."""
        if sound := draft.sound(text, self.part):
            setattr(draft, self.part, text)
        return sound


SENTENCES = TemplateSupply("sentence", lambda brief, e: brief.core.sentences(e))
SUBJECTS = TemplateSupply("subject", CopyBrief.subjects)
FRAMES = TemplateSupply("text", lambda brief, e: brief.sentences(e) if e == "none" else [])


def complete(drafts: Sequence[Draft], selection: Selection) -> None:
    """Complete drafts from the hand-written supply, or refuse those that nothing sound fits."""
    selection.assign([draft for draft in drafts if not draft.sentence], SENTENCES)
    for draft in drafts:
        if draft.sentence and not draft.text and not draft.brief.format.wraps:
            draft.text = draft.sentence
    selection.assign([d for d in drafts if d.sentence and not d.text], FRAMES, new=(False,))
    mails = [d for d in drafts if d.brief.format.subject and not d.subject]
    selection.assign(mails, SUBJECTS, new=(False,))
    for draft in drafts:
        written = draft.text and (draft.subject or not draft.brief.format.subject)
        draft.text = finished(draft.text, draft.brief)
        if not written:
            name = draft.brief.format.name
            draft.refuse(Violation(NO_TEXT, f"no {name} of the supply passes the check"))
