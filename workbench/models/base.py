"""The protocol that every recommender follows, and the evidence it gives."""

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute import Device, resolve, top_k
from workbench.datasets import Dataset
from workbench.errors import OptionError, WorkbenchError
from workbench.options import at_least, one_of

BATCH_BYTES = 64 * 2**20
SEEN = ("exclude", "keep", "disliked")
FEEDBACK = ("implicit", "explicit")


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
    """

    evidence_type: type = ByItem
    on_gpu: bool = True

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
        return values | {"device": self.device.kind}

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
        from workbench.models.stored import save

        return save(self, path, data=data)

    def fit(self, ds: Dataset) -> Self:
        """Learn from a data set; returns the model itself."""
        self._data = ds
        self._fit(ds)
        return self

    def recommend(
        self, users: Any = None, *, n: int = 10, seen: str = "exclude", evidence: int = 3
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
        evidence : int
            Pairs of evidence a recommendation; 0 leaves them out, which is faster.

        Returns
        -------
        DataFrame
            ``user_id``, ``item_id``, ``score``, ``rank`` (from 1) and ``because``: a list of
            (id, contribution) pairs, strongest first.

        Raises
        ------
        UnknownIdError
            If a user has no interactions; `recommend_for` is the door for those.
        OptionError
            If `n` or `seen` is not allowed.
        """
        ds = self.data
        rows = np.arange(len(ds.user_ids)) if users is None else ds.require_users(users)
        size = max(1, BATCH_BYTES // (8 * len(ds.item_ids)))
        batches = [
            self._recommend(ds.matrix[part], part, n=n, seen=seen, evidence=evidence)
            for part in np.split(rows, range(size, len(rows), size))
        ]
        recs = pd.concat(batches, ignore_index=True)
        return recs.assign(**{Columns.USER: ds.user_ids[recs[Columns.USER]]})

    def recommend_for(
        self,
        history: Iterable[tuple[Any, float]],
        *,
        n: int = 10,
        seen: str = "exclude",
        evidence: int = 3,
    ) -> pd.DataFrame:
        """Recommend to someone who is not in the data, from what they have just rated.

        Parameters
        ----------
        history : iterable of (item_id, rating)
            May be empty; of several ratings of one item the last counts.

        Returns
        -------
        DataFrame
            As `recommend`, with ``user_id`` None.

        Raises
        ------
        UnknownIdError
            If an item of the history is not in the data.
        """
        profile = self._profile(history)
        recs = self._recommend(profile, np.array([-1]), n=n, seen=seen, evidence=evidence)
        return recs.assign(**{Columns.USER: None})

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
        ds = self.data
        users, inverse = np.unique(ds.require_users(pairs[Columns.USER]), return_inverse=True)
        items = ds.require_items(pairs[Columns.ITEM])
        result = np.full(len(pairs), np.nan)
        size = max(1, BATCH_BYTES // (8 * len(ds.item_ids)))
        for start in range(0, len(users), size):
            part = users[start : start + size]
            scores = self._score(ds.matrix[part], part)
            here = (inverse >= start) & (inverse < start + size)
            result[here] = scores[inverse[here] - start, items[here]]
        return np.where(np.isfinite(result), result, np.nan)

    def explain(self, user_id: Any, item_id: Any, *, n: int = 3) -> list[tuple[Any, float]]:
        """Return the evidence for one pair, strongest first, recommended or not."""
        at_least("n", n, 1)
        user, item = self.data.require_users([user_id]), self.data.require_items([item_id])
        return self._because(self.data.matrix[user], user, np.array([0]), item, n)[0]

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
            NaN where there is no score.
        """

    @abstractmethod
    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        """Split each recommendation (profile row, item) into what it rests on.

        Returns
        -------
        contributions : CSR array of shape (recommendations, sources)
        ids : Index of shape (sources,)
        """

    def _recommend(
        self, profiles: sparse.csr_array, own: np.ndarray, *, n: int, seen: str, evidence: int
    ) -> pd.DataFrame:
        at_least("n", n, 1)
        at_least("evidence", evidence, 0)
        scores = self._score(profiles, own)
        _hide_seen(scores, profiles, one_of("seen", seen, SEEN))
        columns, best = top_k(scores, n)
        rows, ranks = np.nonzero(columns >= 0)
        items = columns[rows, ranks]
        return pd.DataFrame(
            {
                Columns.USER: own[rows],
                Columns.ITEM: self.data.item_ids[items],
                Columns.SCORE: best[rows, ranks].astype(np.float64),
                Columns.RANK: ranks + 1,
                Columns.BECAUSE: pd.Series(
                    self._because(profiles, own, rows, items, evidence), dtype=object
                ),
            }
        )

    def _because(
        self,
        profiles: sparse.csr_array,
        own: np.ndarray,
        rows: np.ndarray,
        items: np.ndarray,
        n: int,
    ) -> list[list[tuple[Any, float]]]:
        if not n or not len(items):
            return [[] for _ in items]
        contributions, ids = self._contributions(profiles, own, rows, items)
        return [
            [self.evidence_type(*pair) for pair in zip(names, values, strict=True)]
            for names, values in _strongest(contributions, ids, n)
        ]

    def _profile(self, history: Iterable[tuple[Any, float]]) -> sparse.csr_array:
        ratings = dict(history)
        items = self.data.require_items(list(ratings)) if ratings else np.array([], dtype=int)
        values = np.array(list(ratings.values()), dtype=np.float64)
        if not np.isfinite(values).all():
            raise OptionError("a rating in the history is NaN or infinite; leave it out")
        order = np.argsort(items)
        shape = (1, len(self.data.item_ids))
        return sparse.csr_array((values[order], items[order], [0, len(items)]), shape=shape)


def _hide_seen(scores: np.ndarray, profiles: sparse.csr_array, seen: str) -> None:
    if seen == "keep":
        return
    # Not .nonzero(): a rating of 0 is seen as well.
    rows, columns = np.repeat(np.arange(len(scores)), np.diff(profiles.indptr)), profiles.indices
    if seen == "disliked":
        liked = profiles.data >= row_means(profiles)[rows]
        rows, columns = rows[liked], columns[liked]
    scores[rows, columns] = np.nan


def row_means(matrix: sparse.csr_array) -> np.ndarray:
    """Mean of the stored entries of every row, 0 for an empty one; shape (rows,)."""
    counts = np.diff(matrix.indptr)
    return np.asarray(matrix.sum(axis=1)).ravel() / np.maximum(counts, 1)


def present(matrix: sparse.csr_array) -> sparse.csr_array:
    """Ones wherever the matrix has an entry."""
    return sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)


def _strongest(
    contributions: sparse.csr_array, ids: pd.Index, n: int
) -> Iterator[tuple[list[Any], list[float]]]:
    """Ids and values of the n largest entries of every row; ties to the lower id."""
    contributions.sort_indices()
    counts = np.diff(contributions.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((contributions.indices, -contributions.data, rows))
    kept = order[np.arange(len(order)) - np.repeat(contributions.indptr[:-1], counts) < n]
    ends = np.cumsum(np.minimum(counts, n))
    names, values = ids[contributions.indices[kept]].tolist(), contributions.data[kept].tolist()
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        yield names[start:end], values[start:end]
