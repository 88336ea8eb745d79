"""What every engine is held to: similarities by their definition, dense, in float64.

A table with NaN where there is no rating goes in, a table of scores comes out. Nothing here knows
of the sums, scales, codes and bounds that engines work with.
"""

from collections.abc import Callable

import numpy as np
from scipy import sparse

NAN = np.nan
BM25_K1, BM25_B = 1.2, 0.75


def sparse_of(dense: np.ndarray) -> sparse.csr_array:
    """NaN is no rating; a rating of 0 is one."""
    rows, columns = np.nonzero(~np.isnan(dense))
    entries = (dense[rows, columns], (rows, columns))
    return sparse.coo_array(entries, shape=dense.shape).tocsr()


# --- definitions: numerator and denominator, for a row x, all rows y, and what they share --------


def _total(products: np.ndarray) -> np.ndarray:
    """Sums of rows; 0 where they are but rounding error."""
    totals = products.sum(axis=1)
    return np.where(np.abs(totals) < 1e-13 * np.abs(products).sum(axis=1), 0.0, totals)


def _shared_product(x: np.ndarray, y: np.ndarray, shared: np.ndarray) -> np.ndarray:
    return _total(np.where(shared, x * y, 0.0))


def _lengths(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.nansum(x**2), np.nansum(y**2, axis=1)


def _cosine(x, y, shared, alpha):
    of_x, of_y = _lengths(x, y)
    return _shared_product(x, y, shared), np.sqrt(of_x * of_y)


def _asymmetric_cosine(x, y, shared, alpha):
    of_x, of_y = _lengths(x, y)
    return _shared_product(x, y, shared), of_x**alpha * of_y ** (1 - alpha)


def _pearson(x, y, shared, alpha):
    count = np.maximum(shared.sum(axis=1), 1)
    deviations, varied = [], True
    for values in (np.broadcast_to(x, y.shape), y):
        mean = np.where(shared, values, 0.0).sum(axis=1) / count
        deviations.append(np.where(shared, values - mean[:, None], 0.0))
        highest = np.where(shared, values, -np.inf).max(axis=1, initial=-np.inf)
        varied &= highest > np.where(shared, values, np.inf).min(axis=1, initial=np.inf)
    of_x, of_y = deviations
    spread = (of_x**2).sum(axis=1) * (of_y**2).sum(axis=1)
    return _total(of_x * of_y), np.where(varied, np.sqrt(spread), NAN)


def _adjusted_cosine(x, y, shared, alpha):
    of_x, of_y = (np.where(shared, v**2, 0.0).sum(axis=1) for v in (x, y))
    return _shared_product(x, y, shared), np.sqrt(of_x * of_y)


def _msd(x, y, shared, alpha):
    difference = np.where(shared, (x - y) ** 2, 0.0).sum(axis=1)
    count = shared.sum(axis=1)
    return np.where(count > 0, 1.0, NAN), difference / np.maximum(count, 1) + 1


def _sizes(x, y):
    return (~np.isnan(x)).sum(), (~np.isnan(y)).sum(axis=1)


def _jaccard(x, y, shared, alpha):
    both = shared.sum(axis=1)
    of_x, of_y = _sizes(x, y)
    return both, of_x + of_y - both


def _dice(x, y, shared, alpha):
    of_x, of_y = _sizes(x, y)
    return 2 * shared.sum(axis=1), of_x + of_y


def _dot(x, y, shared, alpha):
    return _shared_product(x, y, shared), 1.0


REFERENCE: dict[str, Callable] = {
    "cosine": _cosine,
    "pearson": _pearson,
    "centred_cosine": _cosine,
    "adjusted_cosine": _adjusted_cosine,
    "msd": _msd,
    "jaccard": _jaccard,
    "dice": _dice,
    "asymmetric_cosine": _asymmetric_cosine,
    "dot": _dot,
}
CENTRED = {"centred_cosine": 1, "adjusted_cosine": 0}  # along which axis the mean is
BINARY = ("jaccard", "dice")
WITHOUT_SHRINK = ("msd", "dot")


# --- weights and means --------------------------------------------------------------------------


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    count = (~np.isnan(values)).sum(axis=axis, keepdims=True)
    return np.nansum(values, axis=axis, keepdims=True) / np.maximum(count, 1)


def weighted(rows: np.ndarray, table: np.ndarray, weighting: str) -> np.ndarray:
    """Rows with the weights that a table's columns and row lengths give them."""
    if weighting == "none":
        return rows
    idf = np.log(np.maximum(1, len(table) / (1 + (~np.isnan(table)).sum(axis=0))))
    if weighting == "tfidf":
        return np.sqrt(rows) * idf
    mean = np.nansum(table, axis=1).mean() or 1.0  # of nothing but zeros, lengths are 0
    lengths = np.nansum(rows, axis=1, keepdims=True) / mean
    norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths)
    return rows * (BM25_K1 + 1) / (rows + norm) * idf


def prepared(rows: np.ndarray, table: np.ndarray, metric: str, weighting: str) -> np.ndarray:
    """Rows as the metric compares them, next to a table of all rows."""
    if metric in BINARY:
        return np.where(np.isnan(rows), NAN, 1.0)
    held = weighted(rows, table, weighting)
    if metric not in CENTRED:
        return held
    axis = CENTRED[metric]
    mean = _mean(held if axis == 1 else weighted(table, table, weighting), axis)
    return np.where(np.isclose(held, mean, rtol=1e-11, atol=0), 0.0 * held, held - mean)


# --- the reference ------------------------------------------------------------------------------


def reference(
    table: np.ndarray,
    metric: str,
    *,
    queries: np.ndarray | None = None,
    own: np.ndarray | None = None,
    weighting: str = "none",
    shrink: float = 0.0,
    alpha: float = 0.5,
    signed: bool = False,
    min_overlap: int = 1,
) -> np.ndarray:
    """Scores of all rows, or of queries, with all rows; NaN where there is none."""
    if queries is None:
        queries, own = table, np.arange(len(table))
    with np.errstate(all="ignore"):
        y = prepared(table, table, metric, weighting)
        scores = np.full((len(queries), len(table)), NAN)
        for i, x in enumerate(prepared(queries, table, metric, weighting)):
            shared = ~np.isnan(x) & ~np.isnan(y)
            above, below = REFERENCE[metric](x, y, shared, alpha)
            scores[i] = np.where(shared.sum(axis=1) >= min_overlap, above / (below + shrink), NAN)
    if own is not None:
        rows = np.flatnonzero(own >= 0)
        scores[rows, own[rows]] = NAN
    return scores


# --- comparison ---------------------------------------------------------------------------------

EXACT = {"rtol": 1e-13, "atol": 0.0}
"""Bits and ties must agree, but where float64 itself stands on the edge between two float32."""
CLOSE = {"rtol": 1e-5, "atol": 1e-7}
"""For what is no multiple of a short decimal: sums in another order round differently."""


def assert_well_formed(
    indices: np.ndarray, scores: np.ndarray, own: np.ndarray | None = None
) -> None:
    """Best first, ties to the lower index, no row its own neighbour or twice, pads at the end."""
    assert indices.dtype == np.int32
    assert scores.dtype == np.float32
    assert indices.shape == scores.shape
    assert not np.isnan(scores).any()
    known = indices >= 0
    assert (indices[~known] == -1).all()
    assert (scores[~known] == 0).all()
    assert (known[:, :-1] >= known[:, 1:]).all()
    both = known[:, 1:]
    better = scores[:, :-1] > scores[:, 1:]
    tied = (scores[:, :-1] == scores[:, 1:]) & (indices[:, :-1] < indices[:, 1:])
    assert (better | tied | ~both).all()
    ordered = np.sort(indices, axis=1)
    assert ((ordered[:, 1:] > ordered[:, :-1]) | (ordered[:, :-1] == -1)).all()
    own = np.arange(len(indices)) if own is None else own
    assert not ((indices == own[:, None]) & known).any()


def assert_neighbours(
    found: tuple[np.ndarray, np.ndarray],
    expected: np.ndarray,
    *,
    signed: bool = False,
    own: np.ndarray | None = None,
    rtol: float,
    atol: float,
) -> None:
    """The best of a table of scores, tie-aware where a score is known only within a tolerance."""
    indices, scores = found
    assert_well_formed(indices, scores, own)
    slack = rtol * np.abs(expected) + atol
    with np.errstate(over="ignore"):
        low, high = (expected - slack).astype(np.float32), (expected + slack).astype(np.float32)
    least = -np.inf if signed else 0  # of a score's own type: below all of float32 is none
    may, must = high > least, low > least
    rows, ranks = np.nonzero(indices >= 0)
    columns, given = indices[rows, ranks], scores[rows, ranks]
    assert may[rows, columns].all()
    assert (low[rows, columns] <= given).all()
    assert (given <= high[rows, columns]).all()
    must[rows, columns] = False
    full = indices[:, -1] >= 0
    assert not must[~full].any(), "a row has room for a neighbour that was left out"
    worst, last = scores[:, -1:], indices[:, -1:]
    tied = (low == high) & (low == worst) & (np.arange(len(expected.T)) < last)
    assert not (must & ((low > worst) | tied))[full].any(), "a better neighbour was left out"


def assert_same(
    found: tuple[np.ndarray, np.ndarray], expected: tuple[np.ndarray, np.ndarray]
) -> None:
    """To the bit."""
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
