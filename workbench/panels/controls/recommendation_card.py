"""A recommendation as a card: its rank, its item and, in words, what speaks for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.evidence import ByCount, ByUser
from workbench.language.grounding.lexicon import genre_name
from workbench.panels.controls import cards
from workbench.strings import Strings


def recommendation_card(
    rec: Any, ds: Dataset, ratings: Mapping[Any, float], text: Strings, **parts: Any
) -> str:
    """Card of a row of `Recommender.recommend`, with further parts as in `cards.card`."""
    if "why" not in parts:
        parts["why"] = because(rec.because, ds, ratings, text)
    title, genres = (
        ds.titles_in(text.language)[rec.item_id],
        genres_of(ds, rec.item_id, text.language),
    )
    return cards.card(rec.rank, title, labels=genres, **parts)


def ratings_of(ds: Dataset, user_id: Any) -> dict[Any, float]:
    """Item id -> rating of a user's history; empty of a user whom the data do not know."""
    if user_id not in ds.user_ids:
        return {}
    mine = ds.history(user_id)
    return dict(zip(mine[Columns.ITEM], mine[Columns.RATING], strict=True))


def because(
    pairs: Iterable[tuple[Any, float]],
    ds: Dataset,
    ratings: Mapping[Any, float],
    text: Strings,
    *,
    most: int = 3,
) -> str:
    """Evidence in words: "Because you rated Heat (1995) 5.0, Casino (1995) 4.5"."""
    pairs = [pair for pair in pairs if pair[1] > 0][:most]  # what speaks against is no reason
    if not pairs:
        return ""
    ids = [pair[0] for pair in pairs]
    if isinstance(pairs[0], ByUser):
        return text("because.users", names=", ".join(map(str, ids)))
    if isinstance(pairs[0], ByCount):
        return text("because.count", count=f"{pairs[0][1]:,.0f}")
    titles = ds.titles_in(text.language)
    named = [text("because.title", title=titles[item]) for item in ids]
    if ds.explicit:
        named = [
            f"{name} {ratings[item]:.1f}" if ratings.get(item, -1) >= 0 else name
            for name, item in zip(named, ids, strict=True)
        ]
    key = "because.rated" if ds.explicit else "because.chosen"
    return text(key, items=text("because.comma").join(named))


def genres_of(ds: Dataset, item_id: Any, language: str) -> list[str]:
    """Genre labels of an item, in a language where the data have them."""
    column = ds.column(Columns.GENRES, language)
    if column not in ds.items:
        return []
    row = ds.items.loc[ds.items[Columns.ITEM] == item_id, column]
    return [genre_name(genre, language) for genre in row.iloc[0]] if len(row) else []
