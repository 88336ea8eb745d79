"""The protocol that every recommender follows, and the evidence it gives."""

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from inspect import signature
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute import Device, Team, resolve
from workbench.datasets import Dataset, positions
from workbench.device.arrays import library_of, to_host
from workbench.errors import OptionError, WorkbenchError
from workbench.evidence import ByItem
from workbench.models.derived_state import derived
from workbench.models.rerank.candidate_selection import Selection
from workbench.models.rerank.item_attributes import Catalogue
from workbench.models.sparse_rows import aligned, seen_entries, strongest
from workbench.models.sparse_rows import present as present
from workbench.models.sparse_rows import row_means as row_means
from workbench.validation import at_least, one_of

BATCH_BYTES = 64 * 2**20  # of scores at a time
BLOCK_BYTES = 2**22  # of scores that a core works on, so that its cache has them
SEEN = ("exclude", "keep", "disliked")
FEEDBACK = ("implicit", "explicit")


class Recommender(ABC):
    """What every model can do once `fit`.

    A model scores *profiles*: rows of the ratings matrix. A user in the data and a history that
    has just been typed in are both profiles, so both take the same path.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}

    Attributes
    ----------
    evidence_type : type
        `ByItem`, `ByUser` or `ByCount`.
    on_gpu : bool
        Whether the model has a use for a card. Where it has none, "auto" means the CPU and "gpu"
        is an error.
    by_row : bool
        Whether scores of some profiles cost their share of those of many, so that small blocks of
        profiles, which caches hold, go to all cores.
    """

    evidence_type: type = ByItem
    on_gpu: bool = True
    by_row: bool = True

    def __init__(self, *, device: str = "auto") -> None:
        self.device: Device = resolve(device)
        if self.device.kind == "gpu" and not self.on_gpu:
            if device == "gpu":
                raise OptionError(
                    f"device='gpu': {type(self).__name__} runs on the CPU only; use 'auto' or 'cpu'"
                )
            self.device = resolve("cpu")
        self._data: Dataset | None = None

    @property
    def data(self) -> Dataset:
        """The data set the model was fitted on."""
        if self._data is None:
            raise WorkbenchError(f"this {type(self).__name__} is not fitted; call fit(ds) first")
        return self._data

    @property
    def parameters(self) -> dict[str, Any]:
        """What the model was made with: an attribute for every argument of its class."""
        values = {name: getattr(self, name) for name in signature(type(self)).parameters}
        return {k: v.kind if isinstance(v, Device) else v for k, v in values.items()}

    def __repr__(self) -> str:
        usual = signature(type(self)).parameters
        chosen = {
            name: shown
            for name, value in self.parameters.items()
            if (shown := reprlib.repr(value)) != repr(usual[name].default) and name != "device"
        }
        options = ", ".join(f"{name}={shown}" for name, shown in chosen.items())
        fitted = f"fitted on {self._data.name!r}" if self._data else "not fitted"
        return f"{type(self).__name__}({options}), {fitted}"

    def save(self, path: str | Path, *, data: bool = True) -> Path:
        """Write the model to a file that `workbench.load_model` reads.

        Nothing in it is ever run. It is written whole or not at all, over what was there.

        Parameters
        ----------
        path : str or Path
        data : bool
            Whether the file holds the data that the model was fitted on, so that it recommends at
            once. Without, they are given to `load_model`.

        Returns
        -------
        Path

        Raises
        ------
        ModelFileError
            If the file cannot be written, or the model holds what it cannot hold.
        """
        from workbench.models.persistence.model_file import save

        return save(self, path, data=data)

    @property
    def item_ids(self) -> pd.Index:
        """Ids of the items it knows, ascending: the columns of profiles and scores."""
        return self.data.item_ids

    def fit(self, ds: Dataset) -> Self:
        """Learn from a data set; returns the model itself."""
        self._data = ds
        self._fit(ds)
        return self

    def recommend(
        self,
        users: Any = None,
        *,
        n: int = 10,
        seen: str = "exclude",
        candidates: Any = None,
        filters: Any = (),
        evidence: int = 3,
    ) -> pd.DataFrame:
        """Recommend the n best items to users of the data.

        Parameters
        ----------
        users : sequence of user ids, optional
            By default all users, in batches: no users x items matrix is ever held.
        n : int
            Items a user; fewer where fewer have a score.
        seen : {"exclude", "keep", "disliked"}
            Whether items of the user's history come back: never, always, or only those that the
            user rated below their own mean.
        candidates : sequence of item ids, or dict of them by user id, optional
            What may be recommended; by default all items that the model knows.
        filters : sequence of rules
            See `workbench.models.rerank.filters`. `candidates` and what was seen come before them.
        evidence : int
            Pairs of evidence a recommendation; 0 leaves them out, which is faster.

        Returns
        -------
        DataFrame
            ``user_id``, ``item_id``, ``score``, ``rank`` (from 1) and ``because``: a list of
            (id, contribution) pairs, strongest first. ``.attrs["account"]`` holds sentences on
            what candidates and filters left out or changed, and how many lists are short.

        Raises
        ------
        UnknownIdError
            If a user has no interactions (`recommend_for` is the door for those), or a candidate
            is no item that the model knows.
        OptionError
            If another option is not allowed.
        DataError
            If a rule asks for a column that the data do not have.
        """
        ds = self.data
        rows = np.arange(len(ds.user_ids)) if users is None else ds.require_users(users)
        selection = self._selection(rows, n=n, candidates=candidates, filters=filters)
        recs = self._recommend(self._profiles(rows), rows, selection, seen, evidence)
        recs[Columns.USER] = ds.user_ids[recs[Columns.USER]]
        recs.attrs["account"] = selection.account()
        return recs

    def recommend_for(
        self,
        history: Iterable[tuple[Any, float]],
        *,
        n: int = 10,
        seen: str = "exclude",
        candidates: Any = None,
        filters: Any = (),
        evidence: int = 3,
    ) -> pd.DataFrame:
        """Recommend to someone who is not in the data, from what they have just rated.

        Parameters
        ----------
        history : iterable of (item_id, rating)
            May be empty; of several ratings of one item the last counts. An item of the catalogue
            that nobody has chosen says nothing to a model that learns from choices only.
        n, seen, candidates, filters, evidence
            As in `recommend`.

        Returns
        -------
        DataFrame
            As `recommend`, with ``user_id`` None.

        Raises
        ------
        UnknownIdError
            If an item of the history is not in the data, its catalogue included.
        """
        own, profile = np.array([-1]), self._profile(history)
        selection = self._selection(own, n=n, candidates=candidates, filters=filters)
        recs = self._recommend(profile, own, selection, seen, evidence)
        recs[Columns.USER] = None
        recs.attrs["account"] = selection.account()
        return recs

    def score(self, pairs: pd.DataFrame) -> np.ndarray:
        """Score (user, item) pairs.

        Parameters
        ----------
        pairs : DataFrame
            With ``user_id`` and ``item_id``.

        Returns
        -------
        float64 array of shape (pairs,)
            NaN where the model has no score, as for an item that nothing links to the user.
        """
        users = self.data.require_users(pairs[Columns.USER])
        scores = self._score_pairs(users, positions(self.item_ids, pairs[Columns.ITEM], "item"))
        return np.where(np.isfinite(scores), scores, np.nan)

    def scores(self, users: Any, *, on_device: bool = False) -> Any:
        """Score every item that the model knows, seen or not.

        Parameters
        ----------
        users : sequence of user ids
            So many at a time that 8 bytes for each of their items are no burden.
        on_device : bool
            Whether scores that are on a card stay there, in an array of CuPy's.

        Returns
        -------
        float64 array of shape (users, items)
            Its columns are `item_ids`; NaN where the model has no score.

        Raises
        ------
        UnknownIdError
            If a user has no interactions.
        """
        rows = self.data.require_users(users)
        scores = self._score(self._profiles(rows), rows)
        scores = scores if on_device else to_host(scores)
        xp = library_of(scores)
        return xp.where(xp.isfinite(scores), scores, xp.nan)

    def explain(self, user_id: Any, item_id: Any, *, n: int = 3) -> list[tuple[Any, float]]:
        """Return the evidence for one pair, strongest first, recommended or not."""
        at_least("n", n, 1)
        user, item = self.data.require_users([user_id]), positions(self.item_ids, [item_id], "item")
        return self._because(self._profiles(user), user, np.array([0]), item, n)[0]

    @abstractmethod
    def _fit(self, ds: Dataset) -> None: ...

    @abstractmethod
    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        """Score all items for profiles.

        Parameters
        ----------
        profiles : CSR array of shape (b, items)
        own : int array of shape (b,)
            The profile's row in the data, -1 where it has none.

        Returns
        -------
        float64 array of shape (b, items)
            NaN where there is no score. Its columns, as those of profiles, are `item_ids`. On a
            card, a CuPy array, from which only the lists come down.
        """

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Score pairs of a row and a column; a model that need not score whole rows overrides it.

        Returns
        -------
        float64 array of shape (pairs,)
        """
        known, rows = np.unique(users, return_inverse=True)
        order, found = np.argsort(rows, kind="stable"), np.empty(len(users))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows))])

        def fill(block: slice) -> None:
            scores = self._score(self._profiles(known[block]), known[block])
            mine = order[starts[block.start] : starts[block.stop]]
            at = library_of(scores).asarray
            found[mine] = to_host(scores[at(rows[mine] - block.start), at(items[mine])])

        self._each_block(len(known), fill)
        return found

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        """Split each recommendation (profile row, item) into what it rests on.

        By default nothing, as in a model that has its evidence from others: it overrides
        `_because`, which is all that asks for this.

        Returns
        -------
        contributions : CSR array of shape (recommendations, sources)
        ids : Index of shape (sources,)
        """
        return sparse.csr_array((len(items), 0)), pd.Index([])

    def _batches(self, users: np.ndarray) -> list[np.ndarray]:
        """Rows of users in parts whose scores of all items are not too many at a time."""
        size = max(1, BATCH_BYTES // (8 * len(self.item_ids)))
        return [users[start : start + size] for start in range(0, len(users), size)]

    def _each_block(
        self, count: int, function: Callable[[slice], None], *, in_order: bool = False
    ) -> None:
        """Call the function with blocks of so many profiles, on all cores where that pays."""
        on_cores = self.by_row and self.device.kind == "cpu"
        height = max(1, (BLOCK_BYTES if on_cores else BATCH_BYTES) // (8 * len(self.item_ids)))
        starts = range(0, max(1, count), height)
        first, *others = [slice(start, min(start + height, count)) for start in starts]
        function(first)  # which makes what they share
        if on_cores and others and not in_order:
            with Team() as team:
                team.each(function, others)
        else:
            for block in others:
                function(block)

    def _selection(self, rows: np.ndarray, **asked: Any) -> Selection:
        ds = self.data
        catalogue = derived(self, "catalogue", ds, lambda: Catalogue(ds, self.item_ids))
        return Selection(catalogue, rows, **asked)

    def _recommend(
        self,
        profiles: sparse.csr_array,
        own: np.ndarray,
        selection: Selection,
        seen: str,
        evidence: int,
    ) -> pd.DataFrame:
        at_least("evidence", evidence, 0)
        columns, best = self._lists(profiles, own, selection, one_of("seen", seen, SEEN))
        rows, ranks = np.nonzero(columns >= 0)
        items, because = columns[rows, ranks], []
        for part in self._batches(np.arange(len(own))):
            mine = slice(*np.searchsorted(rows, (part[0], part[-1] + 1)))
            given = profiles[part], own[part], rows[mine] - part[0], items[mine]
            because += self._because(*given, evidence)
        return pd.DataFrame(
            {
                Columns.USER: own[rows],
                Columns.ITEM: self.item_ids[items],
                Columns.SCORE: best[rows, ranks].astype(np.float64),
                Columns.RANK: ranks + 1,
                Columns.BECAUSE: pd.Series(because, dtype=object),
            }
        )

    def _lists(
        self, profiles: sparse.csr_array, own: np.ndarray, selection: Selection, seen: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Columns and scores of every profile's list; see `Selection.lists`."""
        columns = np.empty((len(own), selection.n), np.int32)
        best = np.empty(columns.shape, np.float32)

        def fill(block: slice) -> None:
            given, users = profiles[block], own[block]
            hidden = seen_entries(given, seen)
            found = selection.lists(self._score(given, users), users, seen=hidden)
            columns[block], best[block] = found

        self._each_block(len(own), fill, in_order=selection.in_order)
        return columns, best

    def _because(
        self,
        profiles: sparse.csr_array,
        own: np.ndarray,
        rows: np.ndarray,
        items: np.ndarray,
        n: int,
    ) -> list[list[tuple[Any, float]]]:
        """Evidence of each recommendation: its n strongest contributions."""
        if not n or not len(items):
            return [[] for _ in items]
        contributions, ids = self._contributions(profiles, own, rows, items)
        return [
            [self.evidence_type(*pair) for pair in zip(names, values, strict=True)]
            for names, values in strongest(contributions, ids, n)
        ]

    def _profiles(self, users: np.ndarray) -> sparse.csr_array:
        """Rows of the ratings matrix, with a column for every item that the model knows."""
        return aligned(self.data.matrix[users], self.data.item_ids, self.item_ids)

    def _profile(self, history: Iterable[tuple[Any, float]]) -> sparse.csr_array:
        ratings = dict(history)
        ids = self.data.catalogue
        items = positions(ids, list(ratings), "item") if ratings else np.array([], int)
        values = np.array(list(ratings.values()), dtype=np.float64)
        if not np.isfinite(values).all():
            raise OptionError("a rating in the history is NaN or infinite; leave it out")
        order = np.argsort(items)
        entries = values[order], items[order], [0, len(items)]
        return aligned(sparse.csr_array(entries, shape=(1, len(ids))), ids, self.item_ids)
