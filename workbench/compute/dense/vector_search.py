"""Neighbours among dense vectors: candidates by a fast product, then their exact scores.

A product in few digits finds some more candidates than are asked for, and those are scored in
float64. How much the product may be off is known, and so what all that were left out can score at
most: where that is not below the k-th best, the row is compared with all others in float64. The
result is that of float64 throughout, to the bit, on the processor and on a card.
"""

from typing import Any

import numpy as np

from workbench.compute.cpu.packing import scale_of, scaled, unit_of
from workbench.compute.dense.candidate_product import Ranking
from workbench.compute.metrics import COLUMN_CENTRED, ONES, ROW_CENTRED
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk import kernels
from workbench.compute.topk_keys import EMPTY, best, repack, unpack
from workbench.compute.weighting import centred
from workbench.device import Device
from workbench.device.arrays import to_host

Array = Any

SLACK = 32  # candidates, beyond half as many again as are asked for
PART = 4096  # rows whose squares are held at a time


def nearest(
    vectors: np.ndarray, options: SimilarityOptions, *, rows: np.ndarray | None, device: Device
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k best of all vectors, float64 of shape (n, d), for all or for some of them.

    Indices are int32, scores float32, both of shape (rows, k). Memory beyond the vectors and the
    result is a copy in float64, one in the product's digits (two where the metric treats both rows
    of a pair differently), and a block of products: some 10 MB for each core, or 0.5 GB of a card,
    which is a `DeviceError` where it has less.
    """
    queries = np.arange(len(vectors)) if rows is None else rows
    indices = np.full((len(queries), options.k), -1, np.int32)
    scores = np.zeros(indices.shape, np.float32)
    if len(queries) and vectors.shape[1] >= options.min_overlap:
        tools = kernels(device.kind == "gpu")
        with tools.session() as each:
            search = _Search(_prepared(vectors, options.definition.of), options, tools)

            def run(start: int) -> None:
                part = slice(start, start + tools.HEIGHT)
                indices[part], scores[part] = search(queries[part])

            each(run, range(0, len(queries), tools.HEIGHT))
    return indices, scores


def _prepared(vectors: np.ndarray, of: str) -> np.ndarray:
    if of == ONES:
        return np.ones_like(vectors)
    if of in (ROW_CENTRED, COLUMN_CENTRED):
        return centred(vectors, vectors.mean(axis=1 if of == ROW_CENTRED else 0, keepdims=True))
    return vectors


def _tame(values: np.ndarray) -> bool:
    """Whether what four of the values multiply to is as exact as floats are."""
    sizes = np.maximum(values.max(axis=1), -values.min(axis=1))
    return bool(sizes.max() < 1e70 and sizes.min(initial=1.0, where=sizes > 0) > 1e-70)


class _Search:
    """The vectors, as the metric compares them, on the device whose kernels search them."""

    def __init__(self, vectors: np.ndarray, options: SimilarityOptions, tools: Any) -> None:
        self._options, self._tools = options, tools
        scale = scale_of(vectors.ravel())
        values, self._unit = scaled(vectors, scale), unit_of(scale)
        n, width = values.shape
        # On the host for either device: another's sums and powers differ in their last digits.
        parts = (values[start : start + PART] for start in range(0, n, PART))
        squares = np.concatenate([(part * part).sum(axis=1) for part in parts])
        counts = np.full(n, float(width))
        a, b = options.definition.statistic(counts, squares, options.alpha)
        statistics = values, values.sum(axis=1), squares, a, b
        x, self._totals, self._squares, self._a, self._b = map(tools.xp.asarray, statistics)
        self._x = x
        self._candidates = options.k + options.k // 2 + SLACK
        quick = self._candidates < n and _tame(values)
        self._ranking = Ranking.of(x, squares, b, options, tools) if quick else None

    def __call__(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Indices and scores of the best, for some rows."""
        xp = self._tools.xp
        rows = xp.asarray(rows)
        if self._ranking is None:
            keys = self._in_full(rows)
        else:
            keys, proven = self._quickly(rows, self._ranking)
            open_ = xp.nonzero(~proven)[0]
            if len(open_):
                keys[open_] = self._in_full(rows[open_])
        columns, scores = unpack(keys, xp)
        return to_host(columns), to_host(scores)

    def _in_full(self, rows: Array) -> Array:
        """Keys of the best of all rows."""
        tools, n = self._tools, len(self._x)
        keys = None
        for first in range(0, n, tools.NARROW):
            columns = tools.xp.arange(first, min(first + tools.NARROW, n))
            scores = self._scores(rows, columns)
            keys = tools.select(scores, self._options.k, first=first, keys=keys)
        return keys

    def _quickly(self, rows: Array, ranking: Ranking) -> tuple[Array, Array]:
        """Keys of the best of the candidates, and whether they are proven the best of all."""
        tools, xp = self._tools, self._tools.xp
        mine, keys = ranking.left[rows], None
        for first in range(0, len(self._x), tools.WIDTH):
            products = tools.product(mine, ranking.right[first : first + tools.WIDTH])
            keys = tools.select(products, self._candidates, first=first, keys=keys)
        columns, products = unpack(keys, xp)
        scores = self._scores(rows, xp.maximum(columns, 0)) + xp.float32(0)  # no -0
        keys = repack(xp.where(scores > -xp.inf, columns, xp.int32(-1)), scores, xp)
        keys = best(keys, self._options.k, xp)
        last, none = keys[:, -1], -np.inf if self._options.signed else 0.0
        worst = xp.where(last == EMPTY, xp.float32(none), unpack(last, xp)[1])
        return keys, self._ceiling(rows, products[:, -1], ranking) < worst

    def _ceiling(self, rows: Array, products: Array, ranking: Ranking) -> Array:
        """Return what rows can score at most that were left out for products no better than these.

        Every step of a metric, rounding included, grows with the product or does not depend on it,
        so that it is the metric's rows score of the greatest product there may be.
        """
        xp, options, squares = self._tools.xp, self._options, self._squares[rows]
        xy = (products + ranking.error) * ranking.lengths[rows] * ranking.most
        distance = options.metric == "msd"
        sums = {
            "n": float(self._x.shape[1]), "xx": squares, "yy": 0.0 if distance else 1.0,
            "xy": xp.minimum(xy, squares / 2) if distance else xy,
        }  # fmt: skip
        return scored(sums, self._a[rows], 1.0, options, self._unit, xp)

    def _scores(self, rows: Array, columns: Array) -> Array:
        """Scores of rows with others, all the same or each its own; NaN where no neighbours."""
        xp, options = self._tools.xp, self._options
        sums = {
            "n": float(self._x.shape[1]), "x": self._totals[rows][:, None],
            "xx": self._squares[rows][:, None], "y": self._totals[columns],
            "yy": self._squares[columns], "xy": self._tools.sums(self._x, rows, columns),
        }  # fmt: skip
        scores = scored(sums, self._a[rows][:, None], self._b[columns], options, self._unit, xp)
        neighbours = columns != rows[:, None]
        if not options.signed:
            neighbours &= scores > 0
        return xp.where(neighbours, scores, xp.float32(np.nan))


def scored(
    sums: dict[str, Any], a: Any, b: Any, options: SimilarityOptions, unit: float, xp: Any
) -> Array:
    """Scores in float32 from sums over all columns and the statistics of both rows."""
    ordered = (sums.get(name, 0.0) for name in ("n", "x", "xx", "y", "yy", "xy"))
    with np.errstate(all="ignore"):
        scores = options.definition.epilogue(
            xp.sqrt, xp.where, *ordered, a, b, options.shrink / unit, unit
        )
        return xp.astype(scores, xp.float32)
