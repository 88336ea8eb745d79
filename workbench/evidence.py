"""What a recommendation rests on: models make it, copy and panels read it.

Each kind reads as a pair, ``(id, contribution)``.
"""

from typing import Any, NamedTuple


class ByItem(NamedTuple):
    """Because of an item in the user's own history."""

    item_id: Any
    contribution: float


class ByUser(NamedTuple):
    """Because a similar user liked it."""

    user_id: Any
    contribution: float


class ByCount(NamedTuple):
    """Because that many users chose the item itself."""

    item_id: Any
    contribution: float
