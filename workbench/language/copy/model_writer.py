"""A model that supplies drafts: it is asked, what it says is judged, and the best is taken."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from workbench.errors import BackendError, InterruptedWriting, PartialError
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.draft import Draft
from workbench.language.copy.reply_ranking import ReplyRanking
from workbench.language.copy.selection import Selection
from workbench.language.grounding.violation import Violation
from workbench.language.llm.backend import Reply

TEMPERATURE = 0.5  # of the embedded model, which strays above it
ROUNDS = 2  # what fails the check is generated once more
Replies = list[list[Reply]]


class OpeningSupply(NamedTuple):
    """Beginnings that the embedded model continues, on the strongest evidence only.

    On weaker evidence a hand-written text is better.
    """

    texts: Callable[[CopyBrief, str], list[str]] = lambda b, e: b.core.openings(e)

    def ranks(self, draft: Draft) -> Mapping[str, int]:
        """Return the openings for the strongest evidence."""
        return dict.fromkeys(self.texts(draft.brief, draft.evidence_types[0]), 0)

    def take(self, draft: Draft, pattern: str, text: str, slots: Mapping[str, str]) -> bool:
        """Begin a draft."""
        # A title that no year and no mark closes would be gone on with, as a longer one.
        verb = " is" if text[-1:].isalnum() else ""
        draft.open(text + verb)
        draft.pattern = pattern + verb
        return True


@dataclass(frozen=True)
class ModelWriter:
    """Asks a model for texts, and takes those that may be delivered."""

    has_patterns: ClassVar[bool] = False
    backend: Any  # None where nothing is asked
    follows: bool  # instructions; the embedded one continues openings
    candidates: int  # texts for each that is delivered
    taste: Callable[[Any], Mapping[str, float]] = lambda reader: {}  # share of each genre

    def address(self, drafts: Sequence[Draft], selection: Selection) -> None:
        """Write down what each draft's model is sent."""
        for draft in drafts:
            if self.follows:
                draft.sent = json.dumps(draft.messages(), ensure_ascii=False, indent=1)
            else:
                draft.open("")
        if not self.follows:
            selection.assign(drafts, OpeningSupply(), new=(True,))

    def supply(self, drafts: Sequence[Draft], selection: Selection, progress: bool) -> None:
        """Give drafts a sound text; those that the model failed get a fault.

        Raises
        ------
        BackendError
            If the model answered nothing at all.
        """
        ranking = ReplyRanking(drafts[0].brief.voice.use if drafts else ())
        for attempt in range(ROUNDS):
            pending = [draft for draft in drafts if not (draft.sentence or draft.fault)]
            self.address(pending, selection)
            sent = [draft for draft in pending if draft.sent]
            if not sent:
                return
            try:
                replies, faults = self._answers(sent, selection.seed + attempt, progress)
            except BackendError as error:
                if not attempt:
                    raise
                replies, faults = [[]] * len(sent), [str(error)] * len(sent)
            for draft, answers, fault in zip(sent, replies, faults, strict=True):
                self._take(draft, answers, selection, ranking)
                if fault and not draft.sentence:
                    draft.fault = Violation("model-failed", fault)

    def _answers(
        self, drafts: Sequence[Draft], seed: int, progress: bool
    ) -> tuple[Replies, list[str]]:
        """Return the replies for each draft, and why one has no more of them."""
        try:
            replies = self.replies(drafts, seed, progress)
        except PartialError as error:
            return error.answers, error.faults
        except InterruptedWriting as error:
            return error.answers, [str(error)] * len(drafts)
        return replies, [""] * len(drafts)

    def replies(self, drafts: Sequence[Draft], seed: int, progress: bool = False) -> Replies:
        """Send drafts what `address` wrote down, and return what the model says."""
        settings = {"samples": self.candidates, "seed": seed, "progress": progress}
        sent = [draft.sent for draft in drafts]
        if self.follows:
            tokens = max(draft.brief.format.tokens for draft in drafts)
            conversations = list(map(json.loads, sent))
            return list(self.backend.generate(conversations, max_new_tokens=tokens, **settings))
        return list(self.backend.complete(sent, temperature=TEMPERATURE, **settings))

    def _take(
        self, draft: Draft, replies: Sequence[Reply], selection: Selection, ranking: ReplyRanking
    ) -> None:
        if draft.opening:
            selection.hold(draft.opening, draft, -1)
        sound = [
            reply
            for reply in replies
            if draft.accepts(reply.text)
            and (draft.whole or selection.is_new(draft.read(reply.text)[1], draft))
        ]
        if best := ranking.best(sound, self.taste(draft.reader)):
            draft.take(best.text, repr(self.backend))
            selection.hold(draft.sentence, draft)
