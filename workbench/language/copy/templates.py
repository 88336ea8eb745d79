"""Hand-written sentences: what is delivered where no model wrote, and what frames its sentences."""

from workbench.language.copy.candidate_choice import Choice
from workbench.language.copy.draft import Draft
from workbench.language.copy.proofreading import finished
from workbench.language.grounding.violation import Violation


def by_hand(draft: Draft, choice: Choice) -> None:
    """Complete a draft from the hand-written supply, or refuse it if nothing sound fits."""
    brief = draft.brief
    if not draft.sentence:
        draft.sentence = _sentence(draft, choice)
    if draft.sentence and not draft.text:
        draft.text = _framed(draft, choice) if brief.kind.wraps else draft.sentence
    if brief.kind.subject and not draft.subject:
        draft.subject = _subject(draft, choice)
    if not draft.text or (brief.kind.subject and not draft.subject):
        draft.text = draft.subject = draft.raw = ""
        draft.refuse(Violation("no-text", f"no {brief.kind.name} of the supply passes the check"))
    else:
        draft.text = finished(draft.text, brief)


def _sentence(draft: Draft, choice: Choice) -> str:
    """Deal a sentence on the strongest evidence that has one with a first clause of its own."""
    for repeat in (False, True):
        for situation in draft.situations:
            filled = draft.filled(draft.brief.core.patterns(situation))
            sound = draft.sound_sentence
            if text := choice.deal(filled, draft.reader, draft.names, sound=sound, repeat=repeat):
                return text
    return ""


def _framed(draft: Draft, choice: Choice) -> str:
    filled = draft.filled(draft.brief.patterns("none"), line=draft.sentence)
    return choice.deal(filled, None, draft.names, sound=draft.sound)


def _subject(draft: Draft, choice: Choice) -> str:
    for situation in draft.situations:
        filled = draft.filled(draft.brief.subjects(situation))
        if text := choice.deal(filled, None, draft.names, sound=draft.sound_subject):
            return text
    return ""
