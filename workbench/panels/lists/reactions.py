"""What can be said to an item by a press."""

from typing import NamedTuple


class Reaction(NamedTuple):
    """A reaction, its icon, the key of its label, and the style of its button once pressed."""

    like: bool
    icon: str
    label: str
    style: str


REACTIONS = (
    Reaction(True, "thumbs-up", "recommend.like", "success"),
    Reaction(False, "thumbs-down", "recommend.dislike", "danger"),
)
