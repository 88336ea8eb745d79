"""A user's own model, whose answers a test writes."""

from workbench.language.llm.backend import Reply


class Scripted:
    """A backend that gives the same answers to every conversation, and keeps what it was sent."""

    name = "scripted"

    def __init__(self, *answers):
        self.answers, self.sent = answers, []

    def __repr__(self):
        return self.name

    def generate(self, conversations, *, samples, max_new_tokens, seed, progress):
        self.sent += conversations
        return [[Reply(text, None, 0, 0) for text in self.answers] for _ in conversations]

    def stream(self, messages, **settings):
        yield self.answers[0]
