"""Lists under rules that look at more than one item: filled place by place."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from workbench.compute import Neighbours, top_k
from workbench.datasets import positions
from workbench.device.arrays import to_host
from workbench.errors import OptionError
from workbench.models.rerank.filters import Diversity, ExposureCap, MaxPer, Rule
from workbench.models.rerank.item_attributes import Catalogue


class Arrangement:
    """Fills the lists of one call.

    Parameters
    ----------
    rules : sequence of MaxPer, ExposureCap and Diversity
    catalogue : Catalogue
    lists : int
        Lists of the call, which a cap on exposure is a share of.
    n : int
        Places a list.
    """

    def __init__(self, rules: Sequence[Rule], catalogue: Catalogue, *, lists: int, n: int) -> None:
        self.n = n
        self._quotas = [rule for rule in rules if isinstance(rule, MaxPer)]
        self._caps = [rule for rule in rules if isinstance(rule, ExposureCap)]
        given = [rule for rule in rules if isinstance(rule, Diversity)]
        if len(given) > 1:
            raise OptionError("filters hold Diversity twice; give one")
        self._diversity = given[0] if given else None
        self._kinds, self._most, self._rule_of = _quotas(self._quotas, catalogue)
        self._open = _caps(self._caps, catalogue, lists)
        self._tally = np.zeros(1 + len(self._quotas), dtype=np.int64)
        self._left, self._right = _likeness(self._diversity, catalogue)

    def lists(self, scores: Any) -> tuple[np.ndarray, np.ndarray]:
        """Fill the lists of the next users: `top_k` of their scores, under the rules."""
        from workbench.models.rerank import greedy_kernel

        rows, items = scores.shape
        places, best = np.full((rows, self.n), -1), np.zeros((rows, self.n), dtype=np.float32)
        weight, window = (0.0, 1) if (d := self._diversity) is None else (d.weight, d.pool)
        filled, pool = 0, min(2 * (self.n + window), items)
        while filled < rows:
            found = top_k(scores[filled:], pool)
            columns, values = (to_host(part) for part in found)
            chosen = np.full((len(columns), self.n), -1)
            done = greedy_kernel.fill(
                *(columns, values, pool == items, window, float(weight)),
                *(_parts(self._left), _parts(self._right), _parts(self._kinds)),
                *(self._most, self._rule_of, self._open, chosen, self._tally),
            )
            rows_done, chosen = np.arange(done)[:, None], chosen[:done]
            end = filled + done
            places[filled:end] = np.where(chosen < 0, -1, columns[rows_done, chosen])
            best[filled:end] = np.where(chosen < 0, 0, values[rows_done, chosen])
            filled, pool = end, min(4 * pool, items)
        return places, best

    def account(self) -> list[str]:
        """What each rule changed so far, a sentence each."""
        said = [
            f"{rule}: left out {count:,} times"
            for rule, count in zip(self._quotas, self._tally[1:], strict=True)
        ]
        if self._diversity is not None:
            said.append(f"{self._diversity}: {self._tally[0]:,} places changed")
        if self._caps:
            reached = (self._open == 0).sum()
            said.append(f"{' and '.join(map(str, self._caps))}: {reached:,} items reached that")
        return said


def _quotas(
    rules: Sequence[MaxPer], catalogue: Catalogue
) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Kinds of every item, how many of each a list takes, and by which rule, counted from 1."""
    members = [catalogue.labels(rule.column)[0] for rule in rules]
    sizes = [part.shape[1] for part in members]
    most = np.repeat(np.array([rule.most for rule in rules], dtype=np.int64), sizes)
    rule_of = np.repeat(1 + np.arange(len(rules)), sizes)
    if len(members) == 1:
        return members[0], most, rule_of
    none = sparse.csr_array((len(catalogue.item_ids), 0))
    return sparse.hstack([none, *members], format="csr"), most, rule_of


def _caps(rules: Sequence[ExposureCap], catalogue: Catalogue, lists: int) -> np.ndarray:
    """How many of the lists every item may enter."""
    ids = catalogue.item_ids
    found = np.full(len(ids), lists, dtype=np.int64)
    for rule in rules:
        capped = slice(None) if rule.items is None else positions(ids, rule.items, "item")
        found[capped] = np.minimum(found[capped], max(1, int(rule.share * lists + 1e-9)))
    return found


def _likeness(
    rule: Diversity | None, catalogue: Catalogue
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Two arrays with a row an item, the product of whose rows says how alike two items are."""
    items = len(catalogue.item_ids)
    if rule is None:
        none = sparse.csr_array((items, 0))
        return none, none
    if isinstance(rule.by, Neighbours):
        return _similar(rule.by, catalogue), sparse.eye_array(items, format="csr")
    unit = catalogue.unit_labels(rule.by)
    return unit, unit


def _similar(near: Neighbours, catalogue: Catalogue) -> sparse.csr_array:
    """Similarities as a symmetric array of shape (items, items)."""
    if near.of != "items":
        raise OptionError("Diversity(by=…) takes neighbours of items: similar(ds, of='items')")
    rows, ranks = np.nonzero(near.indices >= 0)
    one = catalogue.item_ids.get_indexer(near.ids[rows])
    other = catalogue.item_ids.get_indexer(near.pool[near.indices[rows, ranks]])
    known = (one >= 0) & (other >= 0)
    entries = near.scores[rows, ranks][known].astype(np.float64), (one[known], other[known])
    found = sparse.coo_array(entries, shape=(len(catalogue.item_ids),) * 2).tocsr()
    return found.maximum(found.T).tocsr()


def _parts(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indptr, indices and data, in types that the loop is compiled for once."""
    matrix.sort_indices()
    indptr, indices = (
        part.astype(np.int32, copy=False) for part in (matrix.indptr, matrix.indices)
    )
    return indptr, indices, matrix.data
