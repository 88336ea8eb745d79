"""Text from outside: made safe, brought to one form, cut into words."""

import re
import unicodedata
from collections.abc import Iterator

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")  # of letters: "don't", "well-made"


def clean(text: object, *, limit: int = 200) -> str:
    """Make a text from outside safe: one line, no control or direction characters, not long."""
    # Read no more of a very long text than can count.
    head = str(text)[: 10 * limit]
    # Not printable are control, format (bidi overrides), surrogate, private and unassigned ones.
    if not head.isprintable():
        head = "".join(c if c.isprintable() else " " for c in head)
    return " ".join(head.split())[:limit].strip()


def normal(text: str) -> str:
    """Bring compatible characters, such as full-width digits, to one form."""
    return unicodedata.normalize("NFKC", text).replace("’", "'")


def segmented(text: str) -> Iterator[tuple[str, int, int]]:
    """Words of a Chinese text, and the marks between them: each with its start and its end."""
    import jieba

    jieba.setLogLevel("WARNING")
    yield from jieba.tokenize(text)
