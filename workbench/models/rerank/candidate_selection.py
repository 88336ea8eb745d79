"""From scores to lists: what may be listed, and what was left out for it."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse

from workbench.compute import top_k
from workbench.datasets import positions
from workbench.device.arrays import library_of, to_host
from workbench.errors import OptionError
from workbench.models.rerank.arrangement import Arrangement
from workbench.models.rerank.filters import Filter, Rule
from workbench.models.rerank.item_attributes import Catalogue
from workbench.validation import at_least


class Selection:
    """What one call of `recommend` asks of its lists.

    Parameters
    ----------
    catalogue : Catalogue
    rows : int array of shape (lists,)
        Rows of the users in the data, -1 for somebody who is not.
    n, candidates, filters
        See `Recommender.recommend`.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rows: np.ndarray,
        *,
        n: int,
        candidates: Any = None,
        filters: Iterable[Rule] = (),
    ) -> None:
        self.n = at_least("n", n, 1)
        self._rows = rows
        self._short: list[int] = []  # of each part of the lists, as several threads fill them
        self._barred = np.zeros(len(catalogue.item_ids), dtype=bool)
        self._barred_pairs: list[sparse.csr_array] = []
        self._said: list[str] = []
        self._only = None
        if isinstance(candidates, Mapping):
            self._only = _each_own(catalogue, rows, candidates)
        elif candidates is not None:
            self._bar("candidates", _others(catalogue, candidates))
        rules = _checked(filters)
        for rule in rules:
            if isinstance(rule, Filter):
                self._bar(str(rule), rule.barred(catalogue))
        whole = [rule for rule in rules if not isinstance(rule, Filter)]
        self._arranged = Arrangement(whole, catalogue, lists=len(rows), n=n) if whole else None

    def lists(
        self, scores: Any, own: np.ndarray, *, seen: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Choose from scores, on the device where they are.

        Parameters
        ----------
        scores : array of shape (b, items)
            Changed here: NaN where an item must not be listed.
        own : int array of shape (b,)
            Rows of the users in the data.
        seen : int arrays
            Rows and columns of scores of what must not come back.

        Returns
        -------
        columns, best : arrays of shape (b, n)
            In the memory of the host; see `top_k`.
        """
        _hide(scores, *seen)
        if self._barred.any():
            scores[:, library_of(scores).asarray(self._barred)] = np.nan
        for pairs in self._barred_pairs:
            _hide(scores, *_entries(pairs, own))
        if self._only is not None:
            _hide(scores, *np.nonzero(self._only[own].toarray() == 0))
        columns, best = (
            self._arranged.lists(scores) if self._arranged else map(to_host, top_k(scores, self.n))
        )
        self._short.append(int((columns[:, -1] < 0).sum()))
        return columns, best

    @property
    def in_order(self) -> bool:
        """Whether a list depends on those before it."""
        return self._arranged is not None

    def account(self) -> tuple[str, ...]:
        """What was left out or changed so far, a sentence each."""
        said = [*self._said, *(self._arranged.account() if self._arranged else ())]
        if short := sum(self._short):
            said.append(f"{short:,} of {len(self._rows):,} lists have fewer than {self.n} items")
        return tuple(said)

    def _bar(self, name: str, barred: np.ndarray | sparse.csr_array) -> None:
        if isinstance(barred, np.ndarray):
            self._barred |= barred
            self._said.append(f"{name}: {barred.sum():,} of {len(barred):,} items left out")
        else:
            self._barred_pairs.append(barred)
            count = len(_entries(barred, self._rows)[0])
            self._said.append(f"{name}: {count:,} pairs of a user and an item left out")


def _checked(filters: Any) -> list[Rule]:
    rules = [filters] if isinstance(filters, Rule) else list(filters)
    for rule in rules:
        if not isinstance(rule, Rule):
            raise OptionError(
                f"filters holds {rule!r}; it takes rules such as Attribute('price', at_most=50), "
                "InStock(), NotBought(), MaxPer('genres', 2), ExposureCap(0.1) and Diversity(0.3)"
            )
    return rules


def _others(catalogue: Catalogue, candidates: Any) -> np.ndarray:
    """Which items are no candidates."""
    barred = np.ones(len(catalogue.item_ids), dtype=bool)
    barred[positions(catalogue.item_ids, candidates, "item")] = False
    return barred


def _each_own(
    catalogue: Catalogue, rows: np.ndarray, candidates: Mapping[Any, Any]
) -> sparse.csr_array:
    """Ones at every user's candidates, as a CSR array of shape (users, items)."""
    users, own = catalogue.data.user_ids, [list(items) for items in candidates.values()]
    named = positions(users, list(candidates), "user")
    without = np.setdiff1d(rows, named)
    if len(without):
        user = "somebody new" if without[0] < 0 else repr(users.tolist()[without[0]])
        raise OptionError(f"candidates names none for {user}; give a list for every user, or one")
    columns = positions(catalogue.item_ids, list(chain.from_iterable(own)), "item")
    entries = np.ones(len(columns)), (np.repeat(named, [len(items) for items in own]), columns)
    return sparse.coo_array(entries, shape=(len(users), len(catalogue.item_ids))).tocsr()


def _entries(pairs: sparse.csr_array, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the entries of these rows, -1 having none: rows of `own`, and columns."""
    known = np.flatnonzero(own >= 0)
    mine = pairs[own[known]]
    return np.repeat(known, np.diff(mine.indptr)), mine.indices


def _hide(scores: Any, rows: np.ndarray, columns: np.ndarray) -> None:
    xp = library_of(scores)
    scores[xp.asarray(rows), xp.asarray(columns)] = np.nan
