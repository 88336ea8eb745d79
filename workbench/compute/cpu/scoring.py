"""How the kernels score a pair of rows, from a metric's definition and the rows' statistics."""

from typing import NamedTuple

import numpy as np

from workbench.compute.cpu import search_kernels
from workbench.compute.cpu.packing import Entries, PackedRatings, unit_of
from workbench.compute.metrics import SUMS
from workbench.compute.options import SimilarityOptions


class Scoring(NamedTuple):
    """How a pair of rows is scored, and which pairs count.

    A score above 0 is at most ``xy * query_bound[x] * bound[y]``, if `bounded`; but for rounding
    it is just that, if `tight`.
    """

    metric: int  # position in METRICS
    bounded: bool
    tight: bool
    signed: bool
    min_overlap: int
    shrink: float
    unit: float
    left: np.ndarray  # float64, the statistic of a row where it is x
    right: np.ndarray  # where it is y
    query_bound: np.ndarray  # float32 or, as the next, float64
    bound: np.ndarray
    floor: np.float32
    ids: np.ndarray  # uint32, what stands in a key for a row: its number before rows were ranked


def row_totals(rows: np.ndarray, values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Count of entries and sum of squares of every row."""
    return np.bincount(rows, minlength=n).astype(float), np.bincount(rows, values**2, n)


def scoring_of(
    options: SimilarityOptions,
    data: Entries,
    queries: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    scale: float,
    ids: np.ndarray,
) -> Scoring:
    """How to score, from the counts and squares of the queries and of the rows."""
    metric = options.definition
    unit = unit_of(scale)
    bounded = metric.bound is not None and not options.signed
    bound = metric.bound or (lambda counts, squares: 0 * squares)
    dtype = np.float64 if data.values.dtype == np.float64 else np.float32
    with np.errstate(divide="ignore"):
        # Rounded up, so that what a bound rules out is out.
        factor = bound(*queries) * (1 + 1e-5) * (unit if options.metric == "dot" else 1)
        factors = bound(*rows)
    for array in (factor, factors):
        array[~np.isfinite(array)] = 0  # a row of nothing has no score, and no NaN must come of it
    return Scoring(
        metric=search_kernels.NUMBERS[options.metric],
        bounded=bounded,
        tight=bounded and metric.tight and not options.counted and not options.shrink,
        signed=options.signed,
        min_overlap=options.min_overlap,
        shrink=options.shrink / unit,
        unit=unit,
        left=metric.statistic(*queries, options.alpha)[0],
        right=metric.statistic(*rows, options.alpha)[1],
        query_bound=factor.astype(dtype),
        bound=factors.astype(dtype),
        floor=np.float32(-np.inf) if options.signed else np.nextafter(np.float32(0), np.float32(1)),
        ids=ids,
    )


def with_products(packed: PackedRatings, options: SimilarityOptions) -> Entries:
    """The entries with the table of what a pair of codes adds.

    A word of 64 bits holds two sums, of which only the upper may be negative.
    """
    if not len(packed.codes):
        return packed.data
    powers = (SUMS[name] for name in options.sums)
    sums = [np.multiply.outer(packed.codes**p, packed.codes**q) for p, q in powers]
    if len(sums) == 1:
        return packed.data._replace(values=sums[0].astype(np.int32))
    words = [low + (high << 32) for low, high in zip(sums[::2], sums[1::2], strict=True)]
    table = words[0] if len(words) == 1 else np.ascontiguousarray(np.stack(words, axis=-1))
    return packed.data._replace(values=table)
