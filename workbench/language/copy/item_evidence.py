"""What a recommendation rests on, in the words of the catalogue."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, cast

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, UnknownIdError
from workbench.evidence import ByCount, ByUser
from workbench.language.copy.brief.settings import Language
from workbench.language.grounding.item_facts import is_common_word, readable, year_of
from workbench.language.grounding.lexicon import lexicon
from workbench.strings import LANGUAGES
from workbench.validation import one_of
from workbench.words import clean

REFERENCES = ("reference", "review")  # columns of interactions that hold a user's own words
ORDER = ("attribute", "liked", "bought", "seen", "similar", "popular")
LIKED = 0.8  # share of the highest rating from which a rating says "liked"
_TITLES = (Columns.TITLE, f"{Columns.TITLE}_zh")


class EvidenceReader:
    """Rows and evidence of a data set's items, as a sentence may use them.

    Chinese titles stand in ``title_zh`` where the catalogue has them.
    """

    def __init__(self, ds: Dataset, *, language: str = "en") -> None:
        one_of("language", language, LANGUAGES)
        self.data, self.language = ds, cast(Language, language)
        self._items = ds.items.set_index(Columns.ITEM, drop=False)
        self._repeated = set(self._items[Columns.TITLE][self._items[Columns.TITLE].duplicated()])
        stated = ds.interactions
        if Columns.EVENT in stated:
            stated = stated[stated[Columns.EVENT] == "rating"]
        self._highest = stated[Columns.RATING].max()
        self._rows: dict[Any, dict[str, Any]] = {}
        self._histories: dict[Any, dict[Any, tuple[str, float]]] = {}
        self._names: dict[tuple[Any, ...], str] = {}
        users = ds.users if ds.users is not None else pd.DataFrame({Columns.USER: []})
        users = users.drop_duplicates(Columns.USER).set_index(Columns.USER)
        self._attributes: dict[Any, dict[str, Any]] = users.to_dict("index")

    def read(self, users: Iterable[Any], items: Iterable[Any]) -> None:
        """Read rows and histories of many items and users at once, which is much faster."""
        places = self._items.index.get_indexer(pd.Index(items).unique())
        for record in self._items.iloc[places[places >= 0]].to_dict("records"):
            row = {str(k): v for k, v in record.items() if isinstance(v, list) or pd.notna(v)}
            if clean(row.get(Columns.TITLE, "")):
                self._rows[row[Columns.ITEM]] = row
        new: dict[Any, dict[Any, tuple[str, float]]] = {
            user: {} for user in users if user not in self._histories
        }
        if not new:
            return
        table = self.data.table
        mine = table[table[Columns.USER].isin(list(new))]
        mine = mine.sort_values([Columns.RATING, Columns.ITEM], ascending=[False, True])
        events = mine.get(Columns.EVENT, pd.Series("rating", mine.index, dtype=object))
        for user, item, event, rating in zip(
            mine[Columns.USER], mine[Columns.ITEM], events, mine[Columns.RATING], strict=True
        ):
            new[user][item] = (event, rating)
        self._histories |= new

    def row(self, item_id: Any) -> dict[str, Any]:
        """Return what is known of an item.

        An item that is not in the catalogue raises `UnknownIdError`, and one without a title, whom
        no sentence can name, `DataError`.
        """
        if item_id not in self._rows:
            if item_id not in self._items.index:
                raise UnknownIdError(f"item {item_id!r} is not in the items of {self.data.name!r}")
            self.read([], [item_id])
        if item_id not in self._rows:
            raise DataError(f"item {item_id!r} of {self.data.name!r} has no title to write about")
        return self._rows[item_id]

    def user(self, user_id: Any) -> dict[str, Any]:
        """Return a user's attributes, without the id; none of a user who is not listed."""
        return {} if user_id != user_id else self._attributes.get(user_id, {})

    def name(self, row: dict[str, Any], goods: str, *, dated: bool = True) -> str:
        """Title to show: with the year if wanted, and always where titles repeat."""
        key = row[Columns.TITLE], row.get(_TITLES[1]), row.get(Columns.YEAR), goods, dated
        if key not in self._names:
            self._names[key] = self._named(row, goods, dated)
        return self._names[key]

    def _named(self, row: dict[str, Any], goods: str, dated: bool) -> str:
        chinese = self.language == "zh"
        title = clean((chinese and row.get(f"{Columns.TITLE}_zh")) or row[Columns.TITLE])
        title = readable(title, goods=goods)
        year, is_word = year_of(row), is_common_word(title)
        if chinese and goods == "film":
            title = f"《{title}》"
        elif chinese or (goods == "shop" and "," in title) or (is_word and year is None):
            title = f"“{title}”"
        if year is None or not (dated or is_word or row[Columns.TITLE] in self._repeated):
            return title
        return f"{title}（{year}）" if chinese else f"{title} ({year})"

    def evidence(self, user_id: Any, item_id: Any, because: Iterable[Any]) -> list[dict[str, Any]]:
        """Say what stands behind a recommendation, high ratings first.

        Of a model's ``because``, a plain pair is an item of the user's history. Each piece has a
        ``kind`` ("liked", "bought", "seen", "similar" or "popular"; a preset adds "attribute", and
        a whole list's evidence "list"); for items ``item_id``, ``title``, ``year``, ``rating`` and
        ``genres``, those shared with the item; for users and popularity ``count``. Ids of other
        users do not come in.
        """
        pairs = list(because)
        similar = sum(isinstance(pair, ByUser) for pair in pairs)
        counts = [pair for pair in pairs if isinstance(pair, ByCount)]
        items = [pair[0] for pair in pairs if not isinstance(pair, ByUser | ByCount)]
        return [
            *sorted(self._history_evidence(user_id, item_id, items), key=_weakness),
            *([{"kind": "similar", "count": similar}] if similar else []),
            *({"kind": "popular", "count": int(count)} for _, count in counts),
        ]

    def top_rated(self, user_id: Any, item_id: Any, *, n: int = 3) -> list[dict[str, Any]]:
        """Take the items of a user's history that share most with an item, best rated first."""
        history = self._history(user_id)
        others = [i for i in history if i != item_id and i in self._items.index]
        evidence = self._history_evidence(user_id, item_id, others)
        sharing = [e for e in evidence if e[Columns.GENRES]]
        return sorted(sharing, key=lambda e: (_weakness(e), -len(e[Columns.GENRES])))[:n]

    def taste(self, user_id: Any) -> dict[str, float]:
        """Share of each genre in what a user rated no lower than usual, as sentences call it."""
        ratings = {item: rating for item, (_, rating) in self._history(user_id).items()}
        usual = sum(ratings.values()) / max(len(ratings), 1)
        liked = [item for item, rating in ratings.items() if rating >= usual]
        key = f"{Columns.GENRES}_{self.language}"
        key = key if key in self._items else Columns.GENRES
        if key not in self._items:
            return {}
        shares = self._items[key].reindex(liked).explode().value_counts(normalize=True)
        names = lexicon()[self.language]["genres"]
        return {str(names.get(g, str(g).lower())).split(", ")[0]: v for g, v in shares.items()}

    def reference(self, user_id: Any, item_id: Any) -> str | None:
        """Return what the user wrote of an item, where the interactions hold it."""
        table = self.data.table
        pair = table[(table[Columns.USER] == user_id) & (table[Columns.ITEM] == item_id)]
        columns = (pair[name].dropna() for name in REFERENCES if name in pair)
        return next((str(texts.iloc[-1]) for texts in columns if len(texts)), None)

    def _history_evidence(
        self, user_id: Any, item_id: Any, others: Iterable[Any]
    ) -> list[dict[str, Any]]:
        genres, history = set(_genres(self.row(item_id))), self._history(user_id)
        evidence = []
        for other_id in others:
            row = self.row(other_id)
            entry: dict[str, Any] = {"kind": "seen", Columns.ITEM: other_id}
            entry |= {key: row[key] for key in _TITLES if key in row}
            entry[Columns.YEAR] = year_of(row)
            entry[Columns.GENRES] = [genre for genre in _genres(row) if genre in genres]
            if other_id in history:
                entry |= self._reading(*history[other_id])
            evidence.append(entry)
        return evidence

    def _reading(self, kind: str, rating: float) -> dict[str, Any]:
        """Read an interaction; only a stated rating is one, not the weight of a click."""
        if kind == "purchase":
            return {"kind": "bought"}
        if kind != "rating" or not self._highest > 1:
            return {}
        liked = rating >= LIKED * self._highest
        return {"kind": "liked" if liked else "seen", Columns.RATING: float(rating)}

    def _history(self, user_id: Any) -> dict[Any, tuple[str, float]]:
        if user_id not in self._histories:
            self.read([user_id], [])
        return self._histories[user_id]


def _genres(row: dict[str, Any]) -> Sequence[str]:
    genres = row.get(Columns.GENRES)
    return [genre for genre in genres if genre[:1] != "("] if isinstance(genres, list) else []


def _weakness(evidence: dict[str, Any]) -> int:
    return ("liked", "bought", "seen").index(evidence["kind"])


def list_evidence(items: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return what a whole list rests on, from the evidence of each of its items.

    The user's history counts where any item rests on it, the most frequent first; what others
    did, or an attribute, only where every item does.
    """
    first = {_key(e): e for evidence in reversed(items) for e in reversed(evidence)}
    counts = Counter(key for evidence in items for key in dict.fromkeys(map(_key, evidence)))
    kept = [
        {k: v for k, v in first[key].items() if k != Columns.GENRES}
        for key, times in counts.most_common()
        if Columns.ITEM in first[key] or times == len(items)
    ]
    kept.sort(key=lambda e: ORDER.index(e["kind"]))
    return [*kept, {"kind": "list", "count": len(items)}]


def _key(evidence: dict[str, Any]) -> tuple[str, str]:
    return str(evidence["kind"]), str(evidence.get(Columns.ITEM, evidence.get("value", "")))
