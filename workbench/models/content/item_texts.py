"""Items in their own words: terms weighted by how rare they are, and sentences for an encoder."""

import re

import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.errors import DataError
from workbench.words import segmented

FIELDS = (Columns.TITLE, Columns.GENRES, Columns.TAGS, Columns.DESCRIPTION)
_TERM = re.compile(r"\w+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def tfidf(items: pd.DataFrame) -> sparse.csr_array:
    """TF-IDF of every field in every language, rows of length 1 or 0, side by side.

    Of shape (items, terms), float64. Fields are those of `FIELDS`, as such or in a language:
    ``title``, ``title_zh``, …
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    in_languages = tuple(f"{field}_" for field in FIELDS)
    columns = [name for name in items if name in FIELDS or str(name).startswith(in_languages)]
    fields = [items[name].map(terms) for name in columns]
    blocks = [TfidfVectorizer(analyzer=list).fit_transform(field) for field in fields if any(field)]
    if not blocks:
        raise DataError(
            f"items have no words in any of {', '.join(FIELDS)}; they have {list(items)}. "
            "Give vectors of your own"
        )
    return sparse.csr_array(sparse.hstack(blocks))


def sentences(items: pd.DataFrame) -> list[str]:
    """Title, genres, tags and description of every item as one text, in the main language."""
    fields = [items[name].map(_joined) for name in FIELDS if name in items]
    return [". ".join(filter(None, row)) for row in zip(*fields, strict=True)]


def terms(cell: object) -> list[str]:
    """Members of a list as they are; words of a text in lower case, Chinese ones segmented."""
    if isinstance(cell, list):
        return cell
    return _words(cell.casefold()) if isinstance(cell, str) else []


def _words(text: str) -> list[str]:
    if not _CHINESE.search(text):
        return _TERM.findall(text)
    return [word for word, _, _ in segmented(text) if _TERM.match(word)]


def _joined(cell: object) -> str:
    if isinstance(cell, list):
        return ", ".join(map(str, cell))
    return cell if isinstance(cell, str) else ""
