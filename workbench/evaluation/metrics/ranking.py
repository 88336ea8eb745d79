r"""How well lists find what the test set holds.

Throughout, :math:`R_u` is the set of user u's relevant test items, :math:`L_u` the list cut at k,
:math:`h_r` whether its item of rank r is relevant (0 where the list is shorter), and a metric the
mean over users with something relevant.

Lists are judged where the model is, on a card by CuPy: one number a user comes to the host. Counts
are the same on both, discounted sums but for their last digits.
"""

from typing import Any

import numpy as np

from workbench.device.arrays import to_host
from workbench.evaluation.metrics.registry import HIGHER, metric
from workbench.evaluation.predictions import LISTS, SCORES, Predictions
from workbench.evaluation.sparse_entries import row_numbers
from workbench.evaluation.statistics.bootstrap import UserSums, mean, ratio


@metric(LISTS, HIGHER, of_hits=True)
def precision(predictions: Predictions, k: int) -> UserSums:
    r"""Share of the list that is relevant: :math:`|L_u \cap R_u| / k`."""
    return _mean(predictions, predictions.hit_counts(k) / k)


@metric(LISTS, HIGHER, of_hits=True)
def recall(predictions: Predictions, k: int) -> UserSums:
    r"""Share of the relevant items that the list finds: :math:`|L_u \cap R_u| / |R_u|`."""
    return _mean(predictions, ratio(predictions.hit_counts(k), predictions.task.relevant_counts))


@metric(LISTS, HIGHER, of_hits=True)
def capped_recall(predictions: Predictions, k: int) -> UserSums:
    r"""Recall that 1 can be reached by: :math:`|L_u \cap R_u| / \min(k, |R_u|)`.

    The "Recall@k" of Liang et al. 2018, section 4.2.
    """
    return _mean(predictions, ratio(predictions.hit_counts(k), _reachable(predictions, k)))


@metric(LISTS, HIGHER, of_hits=True)
def hit_rate(predictions: Predictions, k: int) -> UserSums:
    r"""Share of users whose list holds a relevant item: :math:`[L_u \cap R_u \ne \emptyset]`."""
    return _mean(predictions, predictions.hit_counts(k) > 0)


@metric(LISTS, HIGHER, of_hits=True)
def ndcg(predictions: Predictions, k: int) -> UserSums:
    r"""Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002).

    .. math::
        \frac{\sum_{r \le k} g_r / \log_2(r + 1)}{\sum_{r \le k} g^*_r / \log_2(r + 1)}

    with :math:`g_r` the gain of the item of rank r, 1 for a hit or, with ``gain="rating"``, its
    rating in test, and :math:`g^*` the gains of the user's relevant items, largest first. Gains
    are linear, as in trec_eval and scikit-learn; others take :math:`2^g - 1`.
    """
    best, gained = (
        _discounted(predictions, _ideal(predictions, k)),
        _discounted(predictions, predictions.gains(k)),
    )
    return mean(gained / np.where(best > 0, best, 1.0), best > 0)


@metric(LISTS, HIGHER, of_hits=True)
def mrr(predictions: Predictions, k: int) -> UserSums:
    r"""Mean reciprocal rank of the first hit, 0 without one: :math:`1 / \min \{r : h_r = 1\}`."""
    hits = predictions.hits(k)
    return _mean(predictions, to_host(hits.any(axis=1) / (hits.argmax(axis=1) + 1)))


@metric(LISTS, HIGHER, name="map", of_hits=True)
def average_precision(predictions: Predictions, k: int) -> UserSums:
    r"""Mean average precision, "map".

    .. math::
        \frac{1}{\min(k, |R_u|)} \sum_{r \le k} h_r \frac{1}{r} \sum_{s \le r} h_s

    Divided by :math:`\min(k, |R_u|)`, so that 1 can be reached; trec_eval's ``map_cut`` divides
    by :math:`|R_u|`.
    """
    hits = predictions.hits(k)
    precisions = hits.cumsum(axis=1) / predictions.xp.arange(1, k + 1)
    sums = to_host((hits * precisions).sum(axis=1))
    return _mean(predictions, ratio(sums, _reachable(predictions, k)))


@metric(SCORES, HIGHER)
def auc(predictions: Predictions) -> UserSums:
    r"""Area under the ROC curve, over all candidates (Rendle et al. 2009, section 4.1.1).

    .. math::
        \frac{1}{|R_u| |C_u \setminus R_u|} \sum_{i \in R_u} \sum_{j \in C_u \setminus R_u}
        [s_{ui} > s_{uj}] + \tfrac{1}{2} [s_{ui} = s_{uj}]

    with :math:`C_u` the user's candidates. What the model does not score comes last, tied.
    """
    return mean(predictions.auc, np.isfinite(predictions.auc))


def _mean(predictions: Predictions, values: np.ndarray) -> UserSums:
    return mean(values, predictions.task.relevant_counts > 0)


def _reachable(predictions: Predictions, k: int) -> np.ndarray:
    """Hits that a list of k could have."""
    return np.minimum(k, predictions.task.relevant_counts)


def _discounted(predictions: Predictions, gains: Any) -> np.ndarray:
    """Discounted sum of the gains of each row, on the host."""
    return to_host(
        gains @ (1.0 / predictions.xp.log2(predictions.xp.arange(2, gains.shape[1] + 2)))
    )


def _ideal(predictions: Predictions, k: int) -> Any:
    """Gains of each user's best possible list, as `Predictions.gains`."""
    xp, relevant = predictions.xp, predictions.task.relevant
    rows, gains, starts = map(xp.asarray, (row_numbers(relevant), relevant.data, relevant.indptr))
    order = xp.lexsort(xp.stack([-gains, rows]))
    ranks = xp.arange(len(rows)) - starts[rows]
    first = ranks < k
    best = xp.zeros((relevant.shape[0], k))
    best[rows[first], ranks[first]] = gains[order][first]
    return best
