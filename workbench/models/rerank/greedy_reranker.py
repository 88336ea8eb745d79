"""Lists under rules that look at more than one item: filled place by place."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from workbench.compute import Neighbours, top_k
from workbench.datasets import positions
from workbench.device.arrays import to_host
from workbench.errors import OptionError
from workbench.models.rerank import greedy_kernel
from workbench.models.rerank.filters import Diversity, ExposureCap, MaxPer, Rule
from workbench.models.rerank.item_attributes import ItemAttributes
from workbench.models.sparse_rows import with_values


class GreedyReranker:
    """Fills the lists of one call, of n places each, under `MaxPer`, `ExposureCap`, `Diversity`."""

    def __init__(
        self, rules: Sequence[Rule], attributes: ItemAttributes, *, lists: int, n: int
    ) -> None:
        self.n = n
        self._quotas = [rule for rule in rules if isinstance(rule, MaxPer)]
        self._caps = [rule for rule in rules if isinstance(rule, ExposureCap)]
        diversity = [rule for rule in rules if isinstance(rule, Diversity)]
        if len(diversity) > 1:
            raise OptionError("filters hold Diversity twice; give one")
        self._diversity = diversity[0] if diversity else None
        self._open_lists = _open_lists(self._caps, attributes, lists)
        self._tally = np.zeros(1 + len(self._quotas), dtype=np.int64)
        left, right = _likeness(self._diversity, attributes)
        labels, *quotas = _quotas(self._quotas, attributes)
        tables = (_csr_parts(table) for table in (left, right, labels))
        self._compiled = *tables, *quotas, self._open_lists

    def lists(self, scores: Any) -> tuple[np.ndarray, np.ndarray]:
        """Fill the lists of the next users: `top_k` of their scores, under the rules."""
        rows, items = scores.shape
        places, best = np.full((rows, self.n), -1), np.zeros((rows, self.n), dtype=np.float32)
        weight, window = (0.0, 1) if (d := self._diversity) is None else (d.weight, d.pool)
        filled, pool = 0, min(2 * (self.n + window), items)
        while filled < rows:
            columns, values = map(to_host, top_k(scores[filled:], pool))
            chosen = np.full((len(columns), self.n), -1)
            candidates = columns, values, pool == items
            options = window, float(weight)
            count = greedy_kernel.fill_lists(
                *candidates, *options, *self._compiled, chosen, self._tally
            )
            done, chosen = slice(filled, filled + count), chosen[:count]
            places[done] = np.where(chosen < 0, -1, np.take_along_axis(columns[:count], chosen, 1))
            best[done] = np.where(chosen < 0, 0, np.take_along_axis(values[:count], chosen, 1))
            filled, pool = done.stop, min(4 * pool, items)
        return places, best

    def account(self) -> list[str]:
        """What each rule changed so far, a sentence each."""
        sentences = [
            f"{rule}: left out {count:,} times"
            for rule, count in zip(self._quotas, self._tally[1:], strict=True)
        ]
        if self._diversity is not None:
            sentences.append(f"{self._diversity}: {self._tally[0]:,} places changed")
        if self._caps:
            reached = (self._open_lists == 0).sum()
            sentences.append(
                f"{' and '.join(map(str, self._caps))}: {reached:,} items reached that"
            )
        return sentences


def _quotas(
    rules: Sequence[MaxPer], attributes: ItemAttributes
) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Labels of every item, how many of each a list takes, and by which rule, counted from 1."""
    tables = [attributes.labels(rule.column)[0] for rule in rules]
    sizes = [table.shape[1] for table in tables]
    most = np.repeat(np.array([rule.most for rule in rules], dtype=np.int64), sizes)
    rule_of = np.repeat(1 + np.arange(len(rules)), sizes)
    none = sparse.csr_array((len(attributes), 0))
    return sparse.hstack([none, *tables], format="csr"), most, rule_of


def _open_lists(rules: Sequence[ExposureCap], attributes: ItemAttributes, lists: int) -> np.ndarray:
    """How many of the lists every item may enter."""
    ids = attributes.item_ids
    counts = np.full(len(ids), lists, dtype=np.int64)
    for rule in rules:
        capped = slice(None) if rule.items is None else positions(ids, rule.items, "item")
        counts[capped] = np.minimum(counts[capped], max(1, int(rule.share * lists + 1e-9)))
    return counts


def _likeness(
    rule: Diversity | None, attributes: ItemAttributes
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Two arrays with a row an item, the product of whose rows says how alike two items are."""
    if rule is None:
        none = sparse.csr_array((len(attributes), 0))
        return none, none
    if isinstance(rule.by, Neighbours):
        return _similarities(rule.by, attributes), sparse.eye_array(len(attributes), format="csr")
    labels = attributes.labels(rule.by)[0]
    counts = np.diff(labels.indptr)
    unit = with_values(labels, np.repeat(counts, counts) ** -0.5)  # rows of length 1
    return unit, unit


def _similarities(near: Neighbours, attributes: ItemAttributes) -> sparse.csr_array:
    """Similarities as a symmetric array of shape (items, items)."""
    if near.of != "items":
        raise OptionError("Diversity(by=…) takes neighbours of items: similar(ds, of='items')")
    rows, ranks = np.nonzero(near.indices >= 0)
    one = attributes.item_ids.get_indexer(near.ids[rows])
    other = attributes.item_ids.get_indexer(near.pool[near.indices[rows, ranks]])
    known = (one >= 0) & (other >= 0)
    entries = near.scores[rows, ranks][known].astype(np.float64), (one[known], other[known])
    matrix = sparse.coo_array(entries, shape=(len(attributes),) * 2).tocsr()
    return matrix.maximum(matrix.T).tocsr()


def _csr_parts(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indptr, indices and data, in types that the loop is compiled for once."""
    matrix.sort_indices()
    indptr, indices = (
        part.astype(np.int32, copy=False) for part in (matrix.indptr, matrix.indices)
    )
    return indptr, indices, matrix.data
