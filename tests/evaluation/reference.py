"""Every metric of one list as its textbook definition, in plain Python."""

from collections import Counter
from math import inf, log, log2

from workbench.evaluation.predictions import Predictions


def lists_of(predictions: Predictions, k: int) -> list[list[int]]:
    return [[item for item in row[:k].tolist() if item >= 0] for row in predictions.lists]


def relevant_of(predictions: Predictions) -> list[dict[int, float]]:
    return [dict(entries) for entries in _rows(predictions.task.relevant)]


def histories_of(predictions: Predictions) -> list[list[int]]:
    return [[item for item, _ in entries] for entries in _rows(predictions.task.history)]


def _rows(matrix):
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        yield zip(matrix.indices[start:end].tolist(), matrix.data[start:end].tolist(), strict=True)


def precision(items, relevant, k):
    return sum(item in relevant for item in items) / k


def recall(items, relevant, k):
    return sum(item in relevant for item in items) / len(relevant)


def capped_recall(items, relevant, k):
    return sum(item in relevant for item in items) / min(k, len(relevant))


def hit_rate(items, relevant, k):
    return float(any(item in relevant for item in items))


def ndcg(items, relevant, k):
    gained = sum(relevant.get(item, 0) / log2(rank + 1) for rank, item in enumerate(items, 1))
    best = sorted(relevant.values(), reverse=True)[:k]
    return gained / sum(gain / log2(rank + 1) for rank, gain in enumerate(best, 1))


def mrr(items, relevant, k):
    return next((1 / rank for rank, item in enumerate(items, 1) if item in relevant), 0.0)


def average_precision(items, relevant, k):
    total = 0.0
    for rank, item in enumerate(items, 1):
        if item in relevant:
            total += sum(other in relevant for other in items[:rank]) / rank
    return total / min(k, len(relevant))


OF_RELEVANT = {
    "precision": precision,
    "recall": recall,
    "capped_recall": capped_recall,
    "hit_rate": hit_rate,
    "ndcg": ndcg,
    "mrr": mrr,
    "map": average_precision,
}


def novelty(items, popularity, users):
    return sum(-log2(popularity[item] / users) for item in items) / len(items)


def diversity(items, genres):
    pairs = [(a, b) for a in items for b in items if a < b]
    unlike = [
        1 - len(genres[a] & genres[b]) / len(genres[a] | genres[b]) if genres[a] | genres[b] else 1
        for a, b in pairs
    ]
    return sum(unlike) / len(pairs)


def serendipity(items, relevant, history, popularity, k):
    unseen = [item for item in range(len(popularity)) if item not in history]
    popular = sorted(unseen, key=lambda item: (-popularity[item], item))[:k]
    return sum(item in relevant and item not in popular for item in items) / k


def calibration(items, history, genres, alpha=0.01):
    p, q = _distribution(history, genres), _distribution(items, genres)
    return sum(p[g] * log(p[g] / ((1 - alpha) * q.get(g, 0) + alpha * p[g])) for g in p)


def _distribution(items, genres):
    weights = Counter()
    for item in items:
        for genre in genres[item]:
            weights[genre] += 1 / len(genres[item])
    return {genre: weight / sum(weights.values()) for genre, weight in weights.items()}


def gini(exposure):
    """Mean absolute difference of all pairs, over twice the mean."""
    n, total = len(exposure), sum(exposure)
    return sum(abs(x - y) for x in exposure for y in exposure) / (2 * n * total)


def auc(scores, candidates, relevant):
    """Over pairs; None is no score."""
    wins = []
    for i in candidates:
        for j in candidates:
            if i in relevant and j not in relevant:
                x = -inf if scores[i] is None else scores[i]
                y = -inf if scores[j] is None else scores[j]
                wins.append(1.0 if x > y else 0.5 if x == y else 0.0)
    return sum(wins) / len(wins) if wins else None
