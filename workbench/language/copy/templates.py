"""Hand-written sentences: what is delivered where no model wrote, and what frames its sentences."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.draft import NO_TEXT, Draft
from workbench.language.copy.proofreading import finished
from workbench.language.copy.selection import Selection
from workbench.language.grounding.violation import Violation


class TemplateSupply(NamedTuple):
    """Hand-written texts of a brief, for a part of a draft.

    Parameters
    ----------
    part : str
        Attribute of the draft.
    texts : callable
        Patterns of a brief for a type of evidence.
    sound : callable
        Whether a text may stand there.
    """

    part: str
    texts: Callable[[CopyBrief, str], list[str]]
    sound: Callable[[Draft, str], bool]

    def ranks(self, draft: Draft) -> Mapping[str, int]:
        """Rank the patterns by how strong the evidence is that they speak of."""
        ranks: dict[str, int] = {}
        for rank, evidence in enumerate(draft.evidence_types):
            for pattern in self.texts(draft.brief, evidence):
                ranks.setdefault(pattern, rank)
        return ranks

    def take(self, draft: Draft, pattern: str, text: str, slots: Mapping[str, str]) -> bool:
        """Put a text into its part of a draft, if it is sound there."""
        if sound := self.sound(draft, text):
            setattr(draft, self.part, text)
        return sound


SENTENCES = TemplateSupply("sentence", lambda b, e: b.core.sentences(e), Draft.sound_sentence)
SUBJECTS = TemplateSupply("subject", CopyBrief.subjects, Draft.sound_subject)
FRAMES = TemplateSupply("text", lambda b, e: b.sentences(e) if e == "none" else [], Draft.sound)


def complete(drafts: Sequence[Draft], selection: Selection, *, progress: bool = False) -> None:
    """Complete drafts from the hand-written supply, or refuse those that nothing sound fits."""
    selection.assign([d for d in drafts if not d.sentence], SENTENCES, progress=progress)
    for draft in drafts:
        if draft.sentence and not (draft.text or draft.brief.format.wraps):
            draft.text = draft.sentence
    framed = [d for d in drafts if d.sentence and d.brief.format.wraps and not d.text]
    selection.assign(framed, FRAMES, new=(False,))
    selection.assign(
        [d for d in drafts if d.brief.format.subject and not d.subject], SUBJECTS, new=(False,)
    )
    for draft in drafts:
        name = draft.brief.format.name
        if not draft.text or (draft.brief.format.subject and not draft.subject):
            draft.refuse(Violation(NO_TEXT, f"no {name} of the supply passes the check"))
        else:
            draft.text = finished(draft.text, draft.brief)
