"""One model of one library, timed in a process of its own.

    python benchmarks/model_peers.py DATA.npz LIBRARY FAMILY --runs 3

DATA.npz holds ``user``, ``item`` and ``rating`` of the interactions to fit on, as codes from 0,
and ``test_user`` and ``test_item`` of the pairs to predict. Prints one line of JSON: wall and CPU
seconds of each run. Imports nothing of Workbench unless it is the library, so that libraries that
cannot live beside it can be measured by another Python.
"""

import argparse
import json
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

N, NEIGHBOURS, RATERS, FACTORS, EPOCHS, L2 = 10, 50, 40, 64, 15, 0.1
SVD_FACTORS, SVD_EPOCHS = 100, 20
EASE_L2 = 500.0


class Data(NamedTuple):
    """Interactions to fit on, and pairs to predict."""

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    test_user: np.ndarray
    test_item: np.ndarray

    @property
    def matrix(self) -> Any:
        """Users x items, float32."""
        entries = (self.rating, (self.user, self.item))
        return sparse.csr_matrix(entries, dtype=np.float32)

    @property
    def frame(self) -> Any:
        """One row an interaction."""
        import pandas as pd

        return pd.DataFrame({"user_id": self.user, "item_id": self.item, "rating": self.rating})


Run = Callable[[], Any]


def workbench(family: str, data: Data) -> Run:
    import pandas as pd

    import workbench as wb

    items = pd.DataFrame({"item_id": np.unique(data.item), "title": "T"})
    ds = wb.Dataset(data.frame.astype({"rating": float}), items)
    assert ds.matrix.nnz  # made beforehand, as the others' input is
    rated = {"feedback": "explicit", "metric": "msd", "k": RATERS}
    make = {
        "popular": wb.Popular,
        "item-knn": lambda: wb.ItemKNN(k=NEIGHBOURS),
        "item-knn, TF-IDF": lambda: wb.ItemKNN(k=NEIGHBOURS, weighting="tfidf"),
        "als": lambda: wb.ALS(factors=FACTORS, epochs=EPOCHS, l2=L2),
        "bpr": lambda: wb.BPR(factors=FACTORS, epochs=EPOCHS),
        "ease": lambda: wb.EASE(l2=EASE_L2),
        "baseline": wb.Baseline,
        "user-knn, msd": lambda: wb.UserKNN(centre="none", **rated),
        "user-knn, msd, means": lambda: wb.UserKNN(centre="mean", **rated),
        "user-knn, msd, baselines": lambda: wb.UserKNN(centre="baseline", **rated),
        "svd": lambda: wb.BiasedMF(factors=SVD_FACTORS, epochs=SVD_EPOCHS),
    }[family]
    if family in RATING:
        pairs = pd.DataFrame({"user_id": data.test_user, "item_id": data.test_item})
        return lambda: make().fit(ds).score(pairs)
    return lambda: make().fit(ds).recommend(n=N, evidence=0)


def implicit(family: str, data: Data) -> Run:
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender

    matrix = data.matrix
    matrix = matrix.astype(np.float64) if "knn" in family else matrix
    users = np.arange(matrix.shape[0])
    make = {
        "item-knn": lambda: CosineRecommender(K=NEIGHBOURS + 1),
        "item-knn, TF-IDF": lambda: TFIDFRecommender(K=NEIGHBOURS + 1),
        "als": lambda: AlternatingLeastSquares(
            FACTORS, regularization=L2, iterations=EPOCHS, random_state=0
        ),
        "bpr": lambda: BayesianPersonalizedRanking(FACTORS, iterations=EPOCHS, random_state=0),
    }[family]

    def run() -> Any:
        model = make()
        model.fit(matrix, show_progress=False)
        return model.recommend(users, matrix, N=N)

    return run


def surprise(family: str, data: Data) -> Run:
    import surprise as library

    data_set = library.Dataset.load_from_df(data.frame, library.Reader(rating_scale=(0, 5)))
    train = data_set.build_full_trainset()
    pairs = [(u, i, 0.0) for u, i in zip(data.test_user, data.test_item, strict=True)]
    options = {"k": RATERS, "verbose": False, "sim_options": {"name": "msd", "user_based": True}}
    make = {
        "baseline": lambda: library.BaselineOnly(verbose=False),
        "user-knn, msd": lambda: library.KNNBasic(**options),
        "user-knn, msd, means": lambda: library.KNNWithMeans(**options),
        "user-knn, msd, baselines": lambda: library.KNNBaseline(**options),
        "svd": lambda: library.SVD(n_factors=SVD_FACTORS, n_epochs=SVD_EPOCHS, random_state=0),
    }[family]
    return lambda: make().fit(train).test(pairs)


def lenskit(family: str, data: Data) -> Run:
    from lenskit.als import ImplicitMFScorer
    from lenskit.basic import BiasScorer, PopScorer
    from lenskit.batch import predict, recommend
    from lenskit.data import from_interactions_df
    from lenskit.knn import EASEScorer, ItemKNNScorer, UserKNNScorer
    from lenskit.pipeline import predict_pipeline, topn_pipeline

    made = from_interactions_df(data.frame)
    scorer = {
        "popular": PopScorer,
        "item-knn": lambda: ItemKNNScorer(max_nbrs=NEIGHBOURS, feedback="implicit"),
        "als": lambda: ImplicitMFScorer(embedding_size=FACTORS, epochs=EPOCHS, regularization=L2),
        "ease": lambda: EASEScorer(regularization=EASE_L2),
        "baseline": BiasScorer,
        "user-knn, msd, means": lambda: UserKNNScorer(max_nbrs=RATERS, feedback="explicit"),
    }[family]
    if family in RATING:
        import pandas as pd

        pairs = pd.DataFrame({"user_id": data.test_user, "item_id": data.test_item})

        def rate() -> Any:
            pipe = predict_pipeline(scorer(), fallback=False)
            pipe.train(made)
            return predict(pipe, pairs, n_jobs=1)

        return rate

    def run() -> Any:
        pipe = topn_pipeline(scorer())
        pipe.train(made)
        return recommend(pipe, np.unique(data.user), n=N, n_jobs=1)

    return run


def rectools(family: str, data: Data) -> Run:
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import CosineRecommender, TFIDFRecommender
    from rectools import models
    from rectools.dataset import Dataset

    table = data.frame.rename(columns={"rating": "weight"}).assign(datetime="2025-01-01")
    made = Dataset.construct(table)
    users = np.unique(data.user)
    make = {
        "popular": models.PopularModel,
        "item-knn": lambda: models.ImplicitItemKNNWrapperModel(CosineRecommender(NEIGHBOURS + 1)),
        "item-knn, TF-IDF": lambda: models.ImplicitItemKNNWrapperModel(
            TFIDFRecommender(NEIGHBOURS + 1)
        ),
        "als": lambda: models.ImplicitALSWrapperModel(
            AlternatingLeastSquares(FACTORS, regularization=L2, iterations=EPOCHS, random_state=0)
        ),
        "ease": lambda: models.EASEModel(regularization=EASE_L2),
    }[family]

    def run() -> Any:
        model = make()
        model.fit(made)
        return model.recommend(users, made, k=N, filter_viewed=True)

    return run


RATING = ("baseline", "user-knn, msd", "user-knn, msd, means", "user-knn, msd, baselines", "svd")
LIBRARIES = {
    "workbench": workbench,
    "implicit": implicit,
    "surprise": surprise,
    "lenskit": lenskit,
    "rectools": rectools,
}


def tiny() -> Data:
    """A few users and items: for what is compiled or loaded at the first call."""
    user, item = np.divmod(np.arange(40 * 30), 30)
    kept = (user * 7 + item * 3) % 5 > 1
    rating = 1.0 + (user + 2 * item) % 5
    return Data(user[kept], item[kept], rating[kept], user[~kept], item[~kept])


def measure(data: Data, library: str, family: str, runs: int) -> dict[str, list[float]]:
    """Seconds of each run, after one on tiny data that is not counted."""
    make = LIBRARIES[library]
    make(family, tiny())()
    run = make(family, data)
    wall, cpu = [], []
    for _ in range(runs):
        started, used = perf_counter(), process_time()
        run()
        wall.append(perf_counter() - started)
        cpu.append(process_time() - used)
    return {"wall": wall, "cpu": cpu}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data")
    parser.add_argument("library", choices=list(LIBRARIES))
    parser.add_argument("family")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    with np.load(asked.data) as arrays:
        loaded = Data(**{name: arrays[name] for name in Data._fields})
    print(json.dumps(measure(loaded, asked.library, asked.family, asked.runs)))
