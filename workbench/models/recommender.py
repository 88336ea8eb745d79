"""The protocol that every recommender follows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import Dataset, positions
from workbench.device.arrays import library_of, to_host
from workbench.errors import OptionError
from workbench.models.derived_state import derived
from workbench.models.persistence import model_file
from workbench.models.profile_model import ProfileModel
from workbench.models.profiles import Pairs, Profiles
from workbench.models.rerank.candidate_selection import CandidateSelection
from workbench.models.rerank.item_attributes import ItemAttributes
from workbench.models.sparse_rows import aligned
from workbench.validation import at_least


class Recommender(ProfileModel):
    """What every model can do once `fit`, for users and items by their ids.

    `workbench.models.profile_model.ProfileModel` says what a class of model writes.
    """

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
        return model_file.save(self, path, data=data)

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
        recs = self.recommend_profiles(self.profiles_of(rows), selection, seen, evidence)
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
        newcomer = Profiles(self._history_row(history), np.array([-1]))
        selection = self._selection(newcomer.users, n=n, candidates=candidates, filters=filters)
        recs = self.recommend_profiles(newcomer, selection, seen, evidence)
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
        scores = self.score_pairs(users, positions(self.item_ids, pairs[Columns.ITEM], "item"))
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
        scores = self.score_profiles(self.profiles_of(self.data.require_users(users)))
        scores = scores if on_device else to_host(scores)
        xp = library_of(scores)
        return xp.where(xp.isfinite(scores), scores, xp.nan)

    def explain(self, user_id: Any, item_id: Any, *, n: int = 3) -> list[tuple[Any, float]]:
        """Return the evidence for one pair, strongest first, recommended or not."""
        at_least("n", n, 1)
        profile = self.profiles_of(self.data.require_users([user_id]))
        item = positions(self.item_ids, [item_id], "item")
        return self.evidence_of(Pairs(profile, np.array([0]), item), n)[0]

    def _selection(self, rows: np.ndarray, **options: Any) -> CandidateSelection:
        ds = self.data
        attributes = derived(self, "attributes", ds, lambda: ItemAttributes(ds, self.item_ids))
        return CandidateSelection(attributes, rows, **options)

    def _history_row(self, history: Iterable[tuple[Any, float]]) -> sparse.csr_array:
        """A history that was typed in as a profile's ratings; shape (1, items)."""
        ratings = dict(history)
        ids = self.data.catalogue
        items = positions(ids, list(ratings), "item") if ratings else np.array([], int)
        values = np.array(list(ratings.values()), dtype=np.float64)
        if not np.isfinite(values).all():
            raise OptionError("a rating in the history is NaN or infinite; leave it out")
        order = np.argsort(items)
        entries = values[order], items[order], [0, len(items)]
        return aligned(sparse.csr_array(entries, shape=(1, len(ids))), ids, self.item_ids)
