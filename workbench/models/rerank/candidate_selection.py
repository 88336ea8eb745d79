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
from workbench.models.rerank.filters import Filter, Rule
from workbench.models.rerank.greedy_reranker import GreedyReranker
from workbench.models.rerank.item_attributes import ItemAttributes, ones_at
from workbench.validation import at_least


class CandidateSelection:
    """What one call of `recommend`, which says what the options are, asks of its lists.

    Users are rows of the data, one a list, -1 for somebody who is not in them.
    """

    def __init__(
        self,
        attributes: ItemAttributes,
        users: np.ndarray,
        *,
        n: int,
        candidates: Any = None,
        filters: Iterable[Rule] = (),
    ) -> None:
        self.n = at_least("n", n, 1)
        self._users = users
        self._short: list[int] = []  # of each part of the lists, as several threads fill them
        self._barred = np.zeros(len(attributes), dtype=bool)
        self._barred_pairs: list[sparse.csr_array] = []
        self._account: list[str] = []
        self._allowed = None
        if isinstance(candidates, Mapping):
            self._allowed = _candidates_by_user(attributes, users, candidates)
        elif candidates is not None:
            others = np.ones(len(attributes), dtype=bool)
            others[positions(attributes.item_ids, candidates, "item")] = False
            self._bar("candidates", others)
        rules = _checked(filters)
        for rule in rules:
            if isinstance(rule, Filter):
                self._bar(str(rule), rule.barred(attributes))
        of_lists = [rule for rule in rules if not isinstance(rule, Filter)]
        self._reranker = (
            GreedyReranker(of_lists, attributes, lists=len(users), n=n) if of_lists else None
        )

    def lists(
        self, scores: Any, users: np.ndarray, *, seen: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Choose from scores, on the device where they are; as `top_k`, but always on the host.

        Scores, of shape (users, items), change: NaN where an item must not be listed. `seen` are
        the rows and columns of what must not come back.
        """
        _hide(scores, *seen)
        if self._barred.any():
            scores[:, library_of(scores).asarray(self._barred)] = np.nan
        for pairs in self._barred_pairs:
            _hide(scores, *_entries(pairs, users))
        if self._allowed is not None:
            _hide(scores, *np.nonzero(self._allowed[users].toarray() == 0))
        rerank = self._reranker
        columns, best = rerank.lists(scores) if rerank else map(to_host, top_k(scores, self.n))
        self._short.append(int((columns[:, -1] < 0).sum()))
        return columns, best

    @property
    def in_order(self) -> bool:
        """Whether a list depends on those before it."""
        return self._reranker is not None

    def account(self) -> tuple[str, ...]:
        """What was left out or changed so far, a sentence each."""
        sentences = [*self._account, *(self._reranker.account() if self._reranker else ())]
        if short := sum(self._short):
            lists = f"{short:,} of {len(self._users):,} lists"
            sentences.append(f"{lists} have fewer than {self.n} items")
        return tuple(sentences)

    def _bar(self, name: str, barred: np.ndarray | sparse.csr_array) -> None:
        if isinstance(barred, np.ndarray):
            self._barred |= barred
            count = f"{barred.sum():,} of {len(barred):,} items"
        else:
            self._barred_pairs.append(barred)
            count = f"{len(_entries(barred, self._users)[0]):,} pairs of a user and an item"
        self._account.append(f"{name}: {count} left out")


def _checked(filters: Any) -> list[Rule]:
    rules = [filters] if isinstance(filters, Rule) else list(filters)
    for rule in rules:
        if not isinstance(rule, Rule):
            raise OptionError(
                f"filters holds {rule!r}; it takes rules such as Attribute('price', at_most=50), "
                "InStock(), NotBought(), MaxPer('genres', 2), ExposureCap(0.1) and Diversity(0.3)"
            )
    return rules


def _candidates_by_user(
    attributes: ItemAttributes, users: np.ndarray, candidates: Mapping[Any, Any]
) -> sparse.csr_array:
    """Ones at every user's candidates, as a CSR array of shape (users, items)."""
    user_ids, lists = attributes.data.user_ids, [list(items) for items in candidates.values()]
    named = positions(user_ids, list(candidates), "user")
    without = np.setdiff1d(users, named)
    if len(without):
        user = "somebody new" if without[0] < 0 else repr(user_ids.tolist()[without[0]])
        raise OptionError(f"candidates names none for {user}; give a list for every user, or one")
    columns = positions(attributes.item_ids, list(chain.from_iterable(lists)), "item")
    rows = np.repeat(named, [len(items) for items in lists])
    return ones_at(rows, columns, (len(user_ids), len(attributes)))


def _entries(pairs: sparse.csr_array, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of the entries of these rows, -1 having none: rows of `users`, and columns."""
    known = np.flatnonzero(users >= 0)
    of_known = pairs[users[known]]
    return np.repeat(known, np.diff(of_known.indptr)), of_known.indices


def _hide(scores: Any, rows: np.ndarray, columns: np.ndarray) -> None:
    xp = library_of(scores)
    scores[xp.asarray(rows), xp.asarray(columns)] = np.nan
