"""A model at work on drafts: it is asked, what it says is judged, and the best is taken."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.errors import BackendError, InterruptedWriting, PartialError
from workbench.language.copy.candidate_choice import Choice
from workbench.language.copy.draft import Draft
from workbench.language.grounding.violation import Violation
from workbench.language.llm.backend import Reply

TEMPERATURE = 0.5  # of the embedded model, which strays above it
ROUNDS = 2  # what fails the check is generated once more
Replies = list[list[Reply]]


class Writing:
    """Asks a model for texts, and takes those that may be delivered.

    Parameters
    ----------
    backend : Backend or None
        The model; None where nothing is asked.
    free : bool
        Whether it follows instructions; the embedded one continues openings.
    samples : int
        Texts for each that is delivered.
    choice : Choice
        What all texts have said.
    """

    def __init__(self, backend: Any, free: bool, samples: int, choice: Choice) -> None:
        self._backend, self._free, self._samples = backend, free, samples
        self._choice = choice

    def address(self, drafts: Sequence[Draft]) -> None:
        """Write down what each draft's model is sent."""
        for draft in drafts:
            if self._free:
                draft.sent = json.dumps(draft.messages(), ensure_ascii=False, indent=1)
            else:
                openings = draft.openings()
                draft.begin(self._choice.deal(openings, draft.reader, draft.names, repeat=False))

    def write(
        self,
        drafts: Sequence[Draft],
        taste: Callable[[Any], Mapping[str, float]],
        seed: int,
        progress: bool,
    ) -> None:
        """Give drafts a sound text; those that the model failed get a fault.

        Raises
        ------
        BackendError
            If the model answered nothing at all.
        """
        for attempt in range(ROUNDS):
            pending = [draft for draft in drafts if not (draft.sentence or draft.fault)]
            self.address(pending)
            asked = [draft for draft in pending if draft.sent]
            if not asked:
                return
            try:
                replies, faults = self._asked(asked, seed + attempt, progress)
            except BackendError as error:
                if not attempt:
                    raise
                replies, faults = [[]] * len(asked), [str(error)] * len(asked)
            for draft, own, fault in zip(asked, replies, faults, strict=True):
                self._take(draft, own, taste)
                if fault and not draft.sentence:
                    draft.fault = Violation("model-failed", fault)

    def _asked(
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
        settings = {"samples": self._samples, "seed": seed, "progress": progress}
        sent = [draft.sent for draft in drafts]
        if self._free:
            tokens = max(draft.brief.kind.tokens for draft in drafts)
            conversations = list(map(json.loads, sent))
            return list(self._backend.generate(conversations, max_new_tokens=tokens, **settings))
        return list(self._backend.complete(sent, temperature=TEMPERATURE, **settings))

    def _take(
        self, draft: Draft, replies: Sequence[Reply], taste: Callable[[Any], Mapping[str, float]]
    ) -> None:
        choice = self._choice
        choice.free(draft.opening, draft.reader, draft.names)
        sound = [
            reply
            for reply in replies
            if draft.accepts(reply.text)
            and (draft.whole or choice.is_new(draft.read(reply.text)[1], draft.reader, draft.names))
        ]
        if best := choice.best(sound, taste(draft.reader)):
            draft.take(best.text)
            choice.hold(draft.sentence, draft.reader, draft.names)
