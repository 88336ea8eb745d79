r"""What accuracy does not see: how much of the catalogue, how new, how varied, how fair to taste.

Throughout, :math:`L_u` is user u's list cut at k, :math:`H_u` the history in train, and
:math:`p_i` the number of users of train who have item i. Users without a list have no part.

Lists are judged where the model is, on a card by CuPy, but for `coverage`, `gini` and
`calibration`: they count each item once, or hold the genres of whole histories, which is no work
for a card.
"""

from typing import Any

import numpy as np
from scipy import sparse

from workbench.device.arrays import to_host
from workbench.evaluation.metrics.registry import EITHER, HIGHER, LOWER, metric
from workbench.evaluation.predictions import LISTS, Predictions
from workbench.evaluation.protocol import Task
from workbench.evaluation.sparse_entries import from_lists, row_numbers
from workbench.evaluation.statistics.bootstrap import UserSums, mean, ratio

SMOOTHING = 0.01  # Steck's alpha
BATCH_BYTES = 64 * 2**20


@metric(LISTS, HIGHER)
def coverage(predictions: Predictions, k: int) -> UserSums:
    r"""Share of the items of train that reach a list: :math:`|\bigcup_u L_u| / |I|`."""
    return UserSums(_exposure(predictions, k), np.ones(len(predictions.lists)), _share_reached)


@metric(LISTS, LOWER)
def gini(predictions: Predictions, k: int) -> UserSums:
    r"""Inequality of exposure: 0 if all items are listed equally often, near 1 if one is.

    .. math::
        \frac{\sum_{j=1}^n (2 j - n - 1) x_j}{n \sum_j x_j}

    with :math:`x_1 \le \dots \le x_n` the number of lists that hold each item of train (Fleder
    and Hosanagar 2009).
    """
    return UserSums(_exposure(predictions, k), np.ones(len(predictions.lists)), _gini)


@metric(LISTS, EITHER)
def novelty(predictions: Predictions, k: int) -> UserSums:
    r"""Mean self-information of the listed items, in bits (Zhou et al. 2010).

    .. math::
        \frac{1}{|L_u|} \sum_{i \in L_u} -\log_2 \frac{p_i}{|U|}
    """
    users = len(predictions.task.train.user_ids)
    bits = np.log2(users / np.maximum(predictions.task.popularity, 1))
    sums, lengths = _over_list(predictions, k, bits)
    return mean(ratio(sums, lengths), lengths > 0)


@metric(LISTS, EITHER)
def popularity_bias(predictions: Predictions, k: int) -> UserSums:
    r"""Popularity of what is recommended, as a multiple of that of what users chose.

    .. math::
        \frac{\sum_u \frac{1}{|L_u|} \sum_{i \in L_u} p_i}
             {\sum_u \frac{1}{|H_u|} \sum_{i \in H_u} p_i}

    Above 1, lists are more popular than histories: the lift of the average recommendation
    popularity (Abdollahpouri et al. 2019, whose group average popularity it divides).
    """
    task = predictions.task
    sums, lengths = _over_list(predictions, k, task.popularity.astype(np.float64))
    chosen = np.bincount(
        row_numbers(task.history),
        weights=task.popularity[task.history.indices],
        minlength=len(lengths),
    )
    usual = chosen / np.diff(task.history.indptr)
    listed = lengths > 0
    return UserSums(np.where(listed, ratio(sums, lengths), 0.0), np.where(listed, usual, 0.0))


@metric(LISTS, EITHER, of_genres=True)
def diversity(predictions: Predictions, k: int) -> UserSums:
    r"""Mean unlikeness of the pairs of a list (Ziegler et al. 2005), by the genres of its items.

    .. math::
        \frac{2}{|L_u| (|L_u| - 1)} \sum_{i < j \in L_u}
        1 - \frac{|G_i \cap G_j|}{|G_i \cup G_j|}

    By genres, not by who rated both: that likeness is what neighbourhood models are made of. An
    item without genres is unlike all others. Lists of fewer than two items have no part.
    """
    lists, xp = predictions.listed(k), predictions.xp
    genres = xp.asarray(predictions.task.genres.toarray())
    size = max(1, BATCH_BYTES // (8 * k * max(k, genres.shape[1])))
    parts = (lists[start : start + size] for start in range(0, len(lists), size))
    alike = np.concatenate([to_host(_jaccard_sums(part, genres, xp)) for part in parts])
    lengths = (predictions.lists[:, :k] >= 0).sum(axis=1)
    pairs = lengths * (lengths - 1) / 2
    return mean(1.0 - ratio(alike, pairs), pairs > 0)


@metric(LISTS, HIGHER, of_hits=True)
def serendipity(predictions: Predictions, k: int) -> UserSums:
    r"""Share of the list that is relevant and not obvious.

    .. math::
        \frac{|L_u \cap R_u \setminus P_u|}{k}

    :math:`P_u` is what a popularity list would hold: the k items with the highest :math:`p_i`
    that are not in :math:`H_u` (the primitive recommender of Ge et al. 2010, section 3.2).
    """
    found = predictions.hits(k) & ~_obvious(predictions.task, predictions.listed(k), predictions.xp)
    return mean(to_host(found.sum(axis=1)) / k, predictions.task.relevant_counts > 0)


@metric(LISTS, LOWER, of_genres=True)
def calibration(predictions: Predictions, k: int) -> UserSums:
    r"""How far the genres of a list are from those of the history; 0 is calibrated.

    .. math::
        \mathrm{KL}(p \| \tilde q) = \sum_g p_u(g) \ln \frac{p_u(g)}{(1 - \alpha) q_u(g) +
        \alpha p_u(g)}

    with :math:`p_u` and :math:`q_u` the mean genre distributions of :math:`H_u` and :math:`L_u`,
    an item's spread equally over its genres, and :math:`\alpha = 0.01` (Steck 2018, section 3).
    Items without genres say nothing; users whose history or list has no other have no part.
    """
    task = predictions.task
    genres = task.genres
    counts = np.diff(genres.indptr)
    each = np.repeat(1.0 / np.maximum(counts, 1), counts)
    spread = sparse.csr_array((each, genres.indices, genres.indptr), genres.shape)
    listed = from_lists(predictions.lists[:, :k], len(task.items))
    chosen = sparse.csr_array(
        (np.ones(task.history.nnz), task.history.indices, task.history.indptr), task.history.shape
    )
    p, q = _normalised((chosen @ spread).toarray()), _normalised((listed @ spread).toarray())
    smooth = (1 - SMOOTHING) * q + SMOOTHING * p
    logs = np.log(np.divide(p, smooth, out=np.ones_like(p), where=p > 0))
    return mean((p * logs).sum(axis=1), (p.sum(axis=1) > 0) & (q.sum(axis=1) > 0))


def _exposure(predictions: Predictions, k: int) -> sparse.csr_array:
    """Who is shown what; CSR array of shape (u, items of train)."""
    task = predictions.task
    return from_lists(predictions.lists[:, :k], len(task.items))[:, np.flatnonzero(task.popularity)]


def _share_reached(lists: np.ndarray, _: np.ndarray) -> np.ndarray:
    return (lists > 0).mean(axis=-1)


def _gini(lists: np.ndarray, _: np.ndarray) -> np.ndarray:
    n = lists.shape[-1]
    ordered = np.sort(lists, axis=-1)
    return ratio(ordered @ (2 * np.arange(1, n + 1) - n - 1.0), n * lists.sum(axis=-1))


def _over_list(
    predictions: Predictions, k: int, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum of item values over each list, and its length; both of shape (u,), on the host."""
    lists, xp = predictions.listed(k), predictions.xp
    sums = xp.where(lists >= 0, xp.asarray(values)[lists], 0.0).sum(axis=1)
    return to_host(sums), to_host((lists >= 0).sum(axis=1))


def _jaccard_sums(lists: Any, genres: Any, xp: Any) -> Any:
    """Sum over the pairs of each list of the Jaccard similarity of their genres."""
    members = xp.where((lists >= 0)[:, :, None], genres[lists], 0.0)
    both = members @ members.transpose(0, 2, 1)
    sizes = members.sum(axis=2)
    either = sizes[:, :, None] + sizes[:, None, :] - both
    return xp.triu(both / xp.maximum(either, 1.0), 1).sum(axis=(1, 2))


def _obvious(task: Task, lists: Any, xp: Any) -> Any:
    """Whether a popularity list of the same length holds each listed item; shape (u, k).

    It does if, of the items more popular, all but fewer than k are in the user's history.
    """
    items, k, history = len(task.items), lists.shape[1], task.history
    rank = np.empty(items, dtype=np.int64)
    rank[np.lexsort((np.arange(items), -task.popularity))] = np.arange(items)
    ranks = xp.asarray(rank)
    seen = xp.sort(xp.asarray(row_numbers(history)) * items + ranks[xp.asarray(history.indices)])
    listed_keys = xp.arange(len(lists))[:, None] * items + ranks[lists]
    seen_above = xp.searchsorted(seen, listed_keys) - xp.asarray(history.indptr[:-1, None])
    return ranks[lists] - seen_above < k


def _normalised(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
