"""Tables, options and ways through the CPU engine that its tests share."""

import itertools
from functools import cache
from typing import Any

import numpy as np
from scipy import sparse

from tests.compute.reference import (
    BINARY,
    CENTRED,
    NAN,
    WITHOUT_SHRINK,
    sparse_of,
)
from workbench.compute.cpu import (
    dense_head,
    engine,
    kernel_search,
    packing,
)
from workbench.compute.options import SimilarityOptions
from workbench.compute.weighting import Weighting
from workbench.datasets import synthetic
from workbench.device import threads as team_threads

K = 3
OPTIONS = (
    {},
    {"shrink": 20.0},
    {"min_overlap": 3, "alpha": 1.0},
    {"shrink": 2.0, "signed": True, "min_overlap": 2, "alpha": 0.3},
)


def random_table(rows: int, columns: int, density: float, seed: int) -> np.ndarray:
    """Half stars in rows of very different lengths; some hold nothing but 0, some are alike."""
    rng = np.random.default_rng(seed)
    share = density * 2 * rng.random((rows, 1))
    stars = rng.integers(0, 11, (rows, columns)) / 2
    stars[rng.random(rows) < 0.03] = 0
    table = np.where(rng.random((rows, columns)) < share, stars, NAN)
    if rows > 1:
        table[rng.integers(rows, size=1 + rows // 20)] = table[0]
    return table


@cache
def table(kind: str) -> np.ndarray:
    """More rows than 64 * K, so that spans of 64 columns are passed over.

    "sparse" rows share few columns with others and are walked; "dense" ones are scanned.
    """
    if kind == "sparse":
        return random_table(700, 80, 0.035, seed=1)
    if kind == "dense":
        return random_table(700, 30, 0.5, seed=2)
    if kind == "broken":  # no multiple of a short decimal: in float64
        return random_table(700, 30, 0.4, seed=3) * np.pi
    matrix = synthetic(60, 400, 4000, seed=4).matrix.T.toarray()
    return np.where(matrix == 0, NAN, matrix)


KINDS = ("sparse", "dense", "long-tailed", "broken")
LOOPS = ("cosine", "pearson", "centred_cosine", "jaccard", "asymmetric_cosine")
"""A metric for every way in which the kernels add up and bound."""


def prepared(dense: np.ndarray, metric: str) -> sparse.csr_array:
    """By feature, as the metric compares it."""
    by_feature = sparse_of(dense).T.tocsr()
    return Weighting(by_feature, SimilarityOptions(metric)).transform_features(by_feature)


def options_of(metric: str, options: dict, k: int = K) -> SimilarityOptions:
    options = {**options, "shrink": 0.0} if metric in WITHOUT_SHRINK else options
    return SimilarityOptions(metric, k, **options)


def exact(metric: str, kind: str) -> bool:
    """Whether sums are whole numbers, whatever their order."""
    return metric in BINARY or (metric not in CENTRED and kind != "broken")


@cache
def lists_of_all(kind: str, metric: str, options: int) -> tuple[np.ndarray, np.ndarray]:
    return engine.nearest(prepared(table(kind), metric), options_of(metric, OPTIONS[options]))


WAYS: dict[str, list[tuple[Any, str, Any]]] = {
    "one thread": [(team_threads, "cores", lambda: 1)],
    "three threads": [(team_threads, "cores", lambda: 3)],
    "one chunk": [(team_threads, "cores", lambda: 1), (kernel_search, "CHUNKS", 1)],
    "tiny chunks": [(kernel_search, "CHUNKS", 200)],
    "few offers": [(kernel_search, "OFFERS", 1)],
    "small blocks": [(packing, "BLOCK_BYTES", 300)],
    "no codes": [(packing, "CODES", 0)],
    "heads": [(dense_head, "STEP", 64), (dense_head, "SPEED_UP", 1e9), (dense_head, "PAIR", 0)],
    "no heads": [(dense_head, "SPEED_UP", 1e-9)],
}
WAYS["heads of some features"] = [
    *WAYS["small blocks"], (dense_head, "STEP", 32),
    (dense_head, "SPEED_UP", 4.0), (dense_head, "PAIR", 0),
]  # fmt: skip
WAYS["heads in pieces"] = [
    *WAYS["heads"], *WAYS["three threads"],
    (dense_head, "DENSE_BYTES", 4 * 700 * 3), (dense_head, "PANEL_BYTES", 4 * 64 * 64),
]  # fmt: skip


def unpacked(packed: packing.PackedRatings, columns: int) -> np.ndarray:
    """The table by rank and by place of the feature, read as the kernels read it."""
    data = packed.data
    dense = np.full((len(packed.ids), columns), NAN)
    for f, (start, end) in enumerate(itertools.pairwise(data.starts.tolist())):
        entries = data.entries[start:end]
        if len(packed.codes):
            ranks, values = entries >> 8, packed.codes[entries & 255]
        else:
            ranks, values = entries, data.values[start:end]
        assert (np.diff(ranks.astype(int)) > 0).all()  # the more popular rows come first
        dense[ranks, f] = values / packed.scale
    return dense
