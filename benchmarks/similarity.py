"""Exact item neighbours: ours beside scikit-learn's brute force, in one run.

    .venv/bin/python benchmarks/similarity.py

Cost: the products grow with the sum over users of (items rated)², the choice of the k best with
items². Both halves of the comparison get the same sparse float64 matrix, built beforehand.
"""

from statistics import median
from time import perf_counter

import numpy as np
from sklearn.neighbors import NearestNeighbors

import workbench as wb
from workbench.compute import nearest, resolve

K = 20
RUNS = 3


def ours(matrix):
    own = np.arange(matrix.shape[0])
    return nearest(matrix, matrix, own=own, k=K, device=resolve("cpu"))[1]


def peer(matrix):
    # One more than k, as scikit-learn finds each row its own nearest.
    search = NearestNeighbors(n_neighbors=K + 1, metric="cosine", algorithm="brute", n_jobs=-1)
    return 1 - search.fit(matrix).kneighbors(matrix)[0][:, 1:]


def seconds(function, matrix):
    start = perf_counter()
    function(matrix)
    return perf_counter() - start


def main():
    print(f"k={K}, median of {RUNS} runs each, in turn, on {resolve('cpu')}\n")
    print("| data | interactions | items | ours s | scikit-learn s | ratio | largest difference |")
    print("|---|---|---|---|---|---|---|")
    for ds in (wb.load("movielens-small"), wb.synthetic(2_000, 8_000, 400_000)):
        matrix = ds.matrix.T.tocsr()
        difference = np.abs(ours(matrix) - peer(matrix)).max()
        pairs = [(seconds(ours, matrix), seconds(peer, matrix)) for _ in range(RUNS)]
        mine, theirs = (median(times) for times in zip(*pairs, strict=True))
        print(
            f"| {ds.name} | {len(ds.interactions):,} | {len(ds.item_ids):,} | {mine:.2f} "
            f"| {theirs:.2f} | {mine / theirs:.2f} | {difference:.1e} |"
        )


if __name__ == "__main__":
    main()
