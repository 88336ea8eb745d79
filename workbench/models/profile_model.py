"""What every model does with profiles, and what a class of model writes."""

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from inspect import signature
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute import Device, Team, resolve
from workbench.datasets import Dataset
from workbench.device.arrays import library_of, to_host
from workbench.errors import OptionError, WorkbenchError
from workbench.evidence import ByItem, ByUser
from workbench.models.parameters import check_parameters, model
from workbench.models.persistence import model_file
from workbench.models.profiles import Pairs, Profiles
from workbench.models.rerank.candidate_selection import CandidateSelection
from workbench.models.sparse_rows import aligned, strongest
from workbench.validation import at_least, one_of

BATCH_BYTES = 64 * 2**20  # of scores at a time
BLOCK_BYTES = 2**22  # of scores that a core works on, so that its cache has them
SEEN = ("exclude", "keep", "disliked")
FEEDBACK = ("implicit", "explicit")


@model
class ProfileModel(ABC):
    """A model of profiles: rows of the ratings matrix.

    A user in the data and a history that has just been typed in are both profiles, so both take
    the same path. A class of model has an attribute for every argument, and writes `_fit`,
    `_score` and `_contributions`; what users call is in `workbench.models.recommender`.

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

    evidence_type: ClassVar[type] = ByItem
    on_gpu: ClassVar[bool] = True
    by_row: ClassVar[bool] = True

    device: Any = "auto"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        model_file.register(cls)

    def __post_init__(self) -> None:
        check_parameters(self)
        chosen, self.device = self.device, resolve(self.device)
        if self.device.kind == "gpu" and not self.on_gpu:
            if chosen == "gpu":
                raise OptionError(
                    f"device='gpu': {type(self).__name__} runs on the CPU only; use 'auto' or 'cpu'"
                )
            self.device = resolve("cpu")
        self._data: Dataset | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether the model has learnt from a data set."""
        return self._data is not None

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
        arguments = signature(type(self)).parameters
        options = ", ".join(
            f"{name}={shown}"
            for name, value in self.parameters.items()
            if (shown := reprlib.repr(value)) != repr(arguments[name].default) and name != "device"
        )
        fitted = f"fitted on {self._data.name!r}" if self._data else "not fitted"
        return f"{type(self).__name__}({options}), {fitted}"

    @property
    def item_ids(self) -> pd.Index:
        """Ids of the items it knows, ascending: the columns of profiles and scores."""
        return self.data.item_ids

    def profiles_of(self, users: np.ndarray) -> Profiles:
        """Profiles of rows of the data."""
        ratings = aligned(self.data.matrix[users], self.data.item_ids, self.item_ids)
        return Profiles(ratings, users)

    @abstractmethod
    def _fit(self, ds: Dataset) -> None:
        """Learn from a data set, which `data` gives already."""

    @abstractmethod
    def _score(self, profiles: Profiles) -> np.ndarray:
        """Score all items for profiles.

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
        order, result = np.argsort(rows, kind="stable"), np.empty(len(users))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows))])

        def score(block: slice) -> None:
            scores = self._score(self.profiles_of(known[block]))
            pairs = order[starts[block.start] : starts[block.stop]]
            at = library_of(scores).asarray
            result[pairs] = to_host(scores[at(rows[pairs] - block.start), at(items[pairs])])

        self._each_block(len(known), score)
        return result

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        """Split the score of each pair into what it rests on.

        By default nothing, as in a model that has its evidence from others: it overrides
        `evidence_of`, which is all that asks for this.

        Returns
        -------
        CSR array of shape (pairs, users of the data or items)
            Users where `evidence_type` is `ByUser`.
        """
        return sparse.csr_array((len(pairs), 0))

    def score_profiles(self, profiles: Profiles) -> np.ndarray:
        """Score all items for profiles; as `_score`, which a class of model writes."""
        return self._score(profiles)

    def score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Score pairs of a row of the data and a column of `item_ids`; as `_score_pairs`."""
        return self._score_pairs(users, items)

    def evidence_of(self, pairs: Pairs, n: int) -> list[list[tuple[Any, float]]]:
        """Evidence of each pair: its n strongest contributions."""
        if not n or not len(pairs):
            return [[] for _ in pairs.items]
        ids = self.data.user_ids if self.evidence_type is ByUser else self.item_ids
        return [
            [self.evidence_type(*pair) for pair in zip(names, values, strict=True)]
            for names, values in strongest(self._contributions(pairs), ids, n)
        ]

    def recommend_profiles(
        self, profiles: Profiles, selection: CandidateSelection, seen: str, evidence: int
    ) -> pd.DataFrame:
        """As `recommend`, with rows of the data as ``user_id``."""
        at_least("evidence", evidence, 0)
        columns, best = self._lists(profiles, selection, one_of("seen", seen, SEEN))
        rows, ranks = np.nonzero(columns >= 0)
        items, because = columns[rows, ranks], []
        for part in self._batches(np.arange(len(profiles))):
            listed = slice(*np.searchsorted(rows, (part[0], part[-1] + 1)))
            pairs = Pairs(profiles[part], rows[listed] - part[0], items[listed])
            because += self.evidence_of(pairs, evidence)
        return pd.DataFrame(
            {
                Columns.USER: profiles.users[rows],
                Columns.ITEM: self.item_ids[items],
                Columns.SCORE: best[rows, ranks].astype(np.float64),
                Columns.RANK: ranks + 1,
                Columns.BECAUSE: pd.Series(because, dtype=object),
            }
        )

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

    def _lists(
        self, profiles: Profiles, selection: CandidateSelection, seen: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Columns and scores of every profile's list; see `CandidateSelection.lists`."""
        columns = np.empty((len(profiles), selection.n), np.int32)
        best = np.empty(columns.shape, np.float32)

        def select(block: slice) -> None:
            part = profiles[block]
            scores, hidden = self._score(part), part.hidden(seen)
            columns[block], best[block] = selection.lists(scores, part.users, seen=hidden)

        self._each_block(len(profiles), select, in_order=selection.in_order)
        return columns, best
