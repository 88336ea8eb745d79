"""The one object every other room works on."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.device.arrays import to_host
from workbench.errors import DataError, UnknownIdError

_NUMBERS = ["int64", "float64"]  # are hashed as they lie in memory


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions with the items and users they speak of.

    Attributes
    ----------
    interactions : DataFrame
        One row a (user, item) pair: ``user_id``, ``item_id``, ``rating`` (float64; 1.0 when
        implicit) and, where known, ``timestamp``, ``event``, ``session_id``, ``value``. A table of
        cuDF stays on the card; `table` is it in pandas.
    items : DataFrame
        One row an item: ``item_id``, ``title`` (without the year) and any attribute. What
        stands here, and only that, is what copy may state.
    users : DataFrame or None
        One row a user: ``user_id`` and attributes.
    name : str
        How panels and reports call the data.
    account : tuple of str
        What reading and cleaning dropped or merged, one sentence each.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame
    users: pd.DataFrame | None = None
    name: str = "data"
    account: tuple[str, ...] = field(default=())

    @cached_property
    def hash(self) -> str:
        """First 12 hex digits of the SHA-256 of the content of all tables."""
        digest = sha256()
        for table in (tables.to_pandas(self.interactions), self.items, self.users):
            if table is not None:
                digest.update("|".join(map(str, table.columns)).encode())
                numeric = table.select_dtypes(_NUMBERS)
                for name in numeric:
                    digest.update(np.ascontiguousarray(table[name]).data)
                if numeric.shape[1] < table.shape[1]:
                    rest = hashable(table.drop(columns=numeric.columns))
                    digest.update(pd.util.hash_pandas_object(rest, index=False).to_numpy().data)
        return digest.hexdigest()[:12]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The interactions in pandas, for plots and files: themselves, if they are there."""
        return tables.to_pandas(self.interactions)

    def to(self, device: str) -> "Dataset":
        """Return the data set with its interactions in cuDF, on the card, or in pandas.

        Parameters
        ----------
        device : {"auto", "cpu", "gpu"}

        Raises
        ------
        DeviceError
            If a GPU is asked for and there is none.
        MissingExtraError
            If a GPU is asked for and cuDF is not installed; "auto" means pandas then.
        """
        interactions = tables.to(self.interactions, device)
        return (
            self if interactions is self.interactions else replace(self, interactions=interactions)
        )

    @cached_property
    def user_ids(self) -> pd.Index:
        """Ids of the users with interactions, ascending."""
        return self._encoded(Columns.USER)[1]

    @cached_property
    def item_ids(self) -> pd.Index:
        """Ids of the items with interactions, ascending."""
        return self._encoded(Columns.ITEM)[1]

    @property
    def entries(self) -> tuple[Any, Any, Any]:
        """Row and column in `matrix`, and rating, of every interaction.

        Returns
        -------
        rows, columns : int64 arrays of shape (interactions,)
            NumPy's, or CuPy's where the interactions are on the card.
        ratings : float64 array of shape (interactions,)
        """
        rows, users = self._encoded(Columns.USER)
        columns, items = self._encoded(Columns.ITEM)
        for found, ids in (("user_ids", users), ("item_ids", items)):
            vars(self).setdefault(found, ids)  # an index that others hold stays the one
        return rows, columns, tables.array(self.interactions[Columns.RATING], np.float64)

    def _encoded(self, name: str) -> tuple[Any, pd.Index]:
        codes, ids = tables.encoded(self.interactions[name])
        return codes, ids.rename(name)

    @cached_property
    def catalogue(self) -> pd.Index:
        """Ids of all items, those without interactions too, ascending."""
        listed = pd.Index(self.items[Columns.ITEM])
        return self.item_ids if listed.isin(self.item_ids).all() else self.item_ids.union(listed)

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """Ratings as a float64 CSR array of shape (users, items), rows and columns by id."""
        rows, columns, ratings = map(to_host, self.entries)
        shape = (len(self.user_ids), len(self.item_ids))
        matrix = sparse.coo_array((ratings, (rows, columns)), shape=shape).tocsr()
        matrix.sort_indices()
        return matrix

    def labels(
        self, column: str, item_ids: pd.Index | None = None
    ) -> tuple[sparse.csr_array, pd.Index]:
        """Which item has which label of an attribute, of a list of them or of one value.

        Parameters
        ----------
        column : str
            Of ``items``: ``genres``, ``tags``, ``brand``, …
        item_ids : Index, optional
            The items, those of `item_ids` by default; one without labels has a row without ones.

        Returns
        -------
        members : CSR array of shape (items, labels)
            Ones, float64; a label that an item names twice is one label.
        labels : Index of shape (labels,)
            Those that some of the items has, ascending.

        Raises
        ------
        DataError
            If items have no such column.
        """
        if column not in self.items:
            raise DataError(
                f"{self.name}: items have no column {column!r}; they have {[*self.items]}"
            )
        ids = self.item_ids if item_ids is None else item_ids
        values = self.items.set_index(Columns.ITEM)[column].explode().dropna()
        rows = ids.get_indexer(values.index)
        values, rows = values[rows >= 0], rows[rows >= 0]
        codes, labels = pd.factorize(values, sort=True)
        entries = np.ones(len(codes)), (rows, codes)
        members = sparse.coo_array(entries, shape=(len(ids), len(labels))).tocsr()
        members.data[:] = 1.0
        return members, pd.Index(labels)

    @cached_property
    def explicit(self) -> bool:
        """Whether ratings are stated opinions rather than weights of events or ones."""
        ratings = self.interactions[Columns.RATING]
        return Columns.EVENT not in self.interactions and bool(ratings.min() < ratings.max())

    @property
    def titles(self) -> pd.Series:
        """Display title of every item, "Title (year)" where a year is known, indexed by id."""
        return self.titles_in("en")

    def column(self, name: str, language: str) -> str:
        """Name of an item column in a language: "title_zh" where there is one, else "title"."""
        translated = f"{name}_{language}"
        return translated if translated in self.items else name

    def titles_in(self, language: str) -> pd.Series:
        """Display titles in a language, as far as the items have them."""
        items = self.items.set_index(Columns.ITEM)
        titles = items[self.column(Columns.TITLE, language)].astype(str)
        if Columns.YEAR not in items:
            return titles
        year = pd.to_numeric(items[Columns.YEAR], errors="coerce")
        dated = titles + " (" + year.astype("Int64").astype(str) + ")"
        return titles.where(year.isna(), dated)

    def history(self, user_id: object) -> pd.DataFrame:
        """Interactions of one user, highest rating first.

        Raises
        ------
        UnknownIdError
            If the user has no interactions.
        """
        self.require_users([user_id])
        mine = self.interactions[self.interactions[Columns.USER] == user_id]
        return tables.to_pandas(mine).sort_values(
            [Columns.RATING, Columns.ITEM], ascending=[False, True]
        )

    def require_users(self, users: Any) -> np.ndarray:
        """Row numbers of user ids; an unknown id is an error that says what ids look like."""
        return positions(self.user_ids, users, "user")

    def require_items(self, items: Any) -> np.ndarray:
        """Column numbers of item ids; an unknown id is an error that says what ids look like."""
        return positions(self.item_ids, items, "item")

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}: {len(self.user_ids):,} users, {len(self.item_ids):,} items, "
            f"{len(self.interactions):,} interactions, hash {self.hash})"
        )


def hashable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with lists, arrays and the like as text: rows that can be compared."""
    loose = [name for name, kind in table.dtypes.items() if kind == np.object_]
    return table.astype(dict.fromkeys(loose, "str"))


def positions(index: pd.Index, ids: Any, kind: str) -> np.ndarray:
    """Places of ids in an index; an unknown id is an error that says what ids look like."""
    wanted = pd.Index(list(ids) if pd.api.types.is_list_like(ids) else [ids], dtype=object)
    typed = wanted.infer_objects()
    if typed.dtype == index.dtype:  # else the whole index would be boxed, at every call
        wanted = typed
    positions = index.get_indexer(wanted)
    if (positions < 0).any():
        missing = _plain(wanted[int(np.argmin(positions))])
        examples = ", ".join(map(repr, index[:3].tolist()))
        raise UnknownIdError(
            f"{kind} {missing!r} has no interactions in these data; their {len(index):,} {kind} "
            f"ids run from {index.tolist()[0]!r} to {index.tolist()[-1]!r}, for example {examples}"
        )
    return positions


def _plain(value: Any) -> Any:
    """Return a NumPy scalar as its Python twin, which prints as the user wrote it."""
    return value.item() if isinstance(value, np.generic) else value
