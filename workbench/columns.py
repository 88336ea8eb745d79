"""The names of the columns, in one place."""

from typing import Final


class Columns:
    """Column names of the interactions, items, users and recommendations tables."""

    USER: Final = "user_id"
    ITEM: Final = "item_id"
    RATING: Final = "rating"
    TIMESTAMP: Final = "timestamp"
    EVENT: Final = "event"
    SESSION: Final = "session_id"
    VALUE: Final = "value"

    TITLE: Final = "title"
    DESCRIPTION: Final = "description"
    GENRES: Final = "genres"
    TAGS: Final = "tags"
    YEAR: Final = "year"
    PRICE: Final = "price"
    IMAGE: Final = "image"

    SCORE: Final = "score"
    RANK: Final = "rank"
    BECAUSE: Final = "because"

    TEXT: Final = "text"
    SENTENCE: Final = "sentence"
    SOURCE: Final = "source"
    EVIDENCE: Final = "evidence"
    MODEL: Final = "model"
    SEED: Final = "seed"

    SUBJECT: Final = "subject"
    REASON: Final = "reason"
    ITEMS: Final = "items"
    RAW: Final = "raw"
    PROMPT_HASH: Final = "prompt_hash"
    KIND: Final = "kind"
    PROMPT_VERSION: Final = "prompt_version"
