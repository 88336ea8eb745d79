"""A transformer over histories in the order of time."""

from collections.abc import Iterable
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.datasets import Dataset
from workbench.device.pytorch import sees_card
from workbench.errors import DataError, MissingExtraError, OptionError
from workbench.evidence import ByItem
from workbench.models import recommender
from workbench.models.recommender import Recommender
from workbench.models.sequential.histories import Held, hold_out, in_time, latest, pieces
from workbench.validation import at_least, number

CHECKED = 1000  # users whose last item says when to stop
# Options that a checkpoint must share: those that its weights hang on.
SAME = (
    "factors", "heads", "layers", "dropout", "max_length", "learning_rate", "batch_size",
    "patience", "seed",
)  # fmt: skip


class Sequential(Recommender):
    r"""Recommend what comes next: self-attention over the history, in the order of time.

    SASRec (Kang and McAuley 2018): with :math:`h_t` what the network makes of the first t items
    of a history, and :math:`e_i` the vector of item i, the score is :math:`s_t(i) = h_t^T e_i`.
    Where the paper learns from one sampled negative, this takes the cross-entropy over all items,

    .. math::
        - \sum_u \sum_t \log \frac{\exp s_t(i_{t+1})}{\sum_j \exp s_t(j)}

    which makes it a strong model (Klenitskiy and Vasilev 2023), a few scores held at a time. Blocks
    normalise their input. Ratings do not count, only what was chosen and when; equal times stand
    in the order of the data. A long history is learnt in pieces, and its last `max_length` items
    are what recommendations rest on. `recommend_for` takes the history in the order given.

    Evidence is by occlusion: how much the score drops when an item is left out of the history; of
    a single item, the score itself. Such drops need not sum to the score.

    A model is learnt in float32, on a card in part in bfloat16; scores are float64 rounded to
    float32, so that they do not hang on the batch or the device.

    Parameters
    ----------
    factors, heads, layers : int
        Numbers a vector, attention heads (which divide `factors`) and blocks.
    dropout : float
        0 or more and below 1: share of numbers that is left out while it learns.
    max_length : int
        Items of a history that count.
    epochs : int
        At most.
    learning_rate : float
        Above 0: Adam's.
    batch_size : int
        Pieces of histories a step.
    patience : int
        The last items of at most 1,000 users are held out of training. When their NDCG@10 has not
        risen for so many epochs it stops, and the best epoch counts. 0 holds nothing out.
    checkpoint : path, optional
        A file that holds, after every epoch, all that is needed to go on: `fit` with the same data
        and options (`epochs` may be more) takes up there, and ends where one that was not
        interrupted does.
    seed : int
        The same seed gives the same model to the bit on the CPUs of one machine.
    device : {"auto", "cpu", "gpu"}

    Attributes
    ----------
    ndcg : list of float
        NDCG@10 of the items held out, after every epoch; empty where none were.

    Raises
    ------
    OptionError
        If an option is not allowed; from `fit`, if `checkpoint` is of another training.
    DataError
        From `fit`, if an interaction has no ``timestamp``, or no user has two.
    MissingExtraError
        From `fit`, without PyTorch.
    """

    evidence_type = ByItem
    by_row = False  # PyTorch has threads of its own

    def __init__(
        self,
        *,
        factors: int = 64,
        heads: int = 2,
        layers: int = 2,
        dropout: float = 0.2,
        max_length: int = 50,
        epochs: int = 100,
        learning_rate: float = 0.001,
        batch_size: int = 128,
        patience: int = 5,
        checkpoint: str | Path | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        super().__init__(device=device)
        self.factors, self.heads = at_least("factors", factors, 1), at_least("heads", heads, 1)
        if factors % heads:
            raise OptionError(f"heads={heads} must divide factors={factors}")
        self.layers, self.dropout = at_least("layers", layers, 1), number("dropout", dropout)
        if self.dropout >= 1:
            raise OptionError(f"dropout={dropout!r} must be below 1")
        self.max_length = at_least("max_length", max_length, 1)
        self.epochs = at_least("epochs", epochs, 1)
        self.learning_rate = number("learning_rate", learning_rate, zero=False)
        self.batch_size = at_least("batch_size", batch_size, 1)
        self.patience = at_least("patience", patience, 0)
        self.checkpoint = None if checkpoint is None else str(checkpoint)
        self.seed = at_least("seed", seed, 0)

    @property
    def on_gpu(self) -> bool:  # type: ignore[override]
        """Whether PyTorch can use the card."""
        return sees_card()

    def _fit(self, ds: Dataset) -> None:
        for derived in ("_histories", "_network"):
            vars(self).pop(derived, None)
        known, check = self._histories, None
        if self.patience:
            known, held = hold_out(known, CHECKED, np.random.default_rng(self.seed))
            check = partial(self._ndcg, held) if len(held.targets) else None
        steps = pieces(known, self.max_length)
        if not len(steps):
            raise DataError(f"{ds.name}: no user has two interactions, so that nothing follows")
        self._weights, history = _sasrec().train(
            self._shape,
            steps,
            place=self._place,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            patience=self.patience,
            seed=self.seed,
            check=check,
            checkpoint=Path(self.checkpoint) if self.checkpoint else None,
            task={name: self.parameters[name] for name in SAME} | {"data": ds.hash},
        )
        self.ndcg = history if check else []

    @property
    def _shape(self) -> dict[str, Any]:
        """What the network is made of."""
        return {
            "items": len(self.data.item_ids),
            "length": self.max_length,
            "factors": self.factors,
            "heads": self.heads,
            "layers": self.layers,
            "dropout": self.dropout,
        }

    @property
    def _place(self) -> str:
        return "cuda" if self.device.kind == "gpu" else "cpu"

    @cached_property
    def _network(self) -> Any:
        return _sasrec().made(self._shape, self._weights, self._place)

    @cached_property
    def _histories(self) -> sparse.csr_array:
        """Of the users of the data, in the order of time."""
        return in_time(self.data)

    def _ndcg(self, held: Held, network: Any) -> float:
        """NDCG@10 of the items that were held out."""
        ranks, size = [], max(1, recommender.BATCH_BYTES // (8 * held.histories.shape[1]))
        for start in range(0, len(held.targets), size):
            known, wanted = held.histories[start : start + size], held.targets[start : start + size]
            scores = _sasrec().scores(network, latest(known, self.max_length))
            own = np.take_along_axis(scores, wanted[:, None], axis=1)
            rows = np.repeat(np.arange(len(scores)), np.diff(known.indptr))
            scores[rows, known.indices] = -np.inf
            ranks.append((scores > own).sum(axis=1) + 1)
        rank = np.concatenate(ranks)
        return float(np.mean(np.where(rank <= 10, 1 / np.log2(1 + rank), 0)))

    def _profile(self, history: Iterable[tuple[Any, float]]) -> sparse.csr_array:
        """The history in the order given; an item that was rated again stands where it was last."""
        ratings: dict[Any, float] = {}
        for item, rating in history:
            ratings.pop(item, None)
            ratings[item] = rating
        by_id = super()._profile(ratings.items())
        items = self.data.require_items(list(ratings)) if ratings else by_id.indices
        values = np.fromiter(ratings.values(), np.float64)
        return sparse.csr_array((values, items, by_id.indptr), shape=by_id.shape)

    def _latest(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        # Profiles of the data are by item; one that was typed in is in its own order.
        return latest(self._histories[own] if (own >= 0).all() else profiles, self.max_length)

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        scores = _sasrec().scores(self._network, self._latest(profiles, own))
        scores[np.diff(profiles.indptr) == 0] = np.nan
        return scores

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        sequences = self._latest(profiles, own)
        drops = _sasrec().drops(self._network, sequences, rows, items)
        recs, places = np.nonzero(sequences[rows])
        entries = drops[recs, places], (recs, sequences[rows[recs], places] - 1)
        shape = len(rows), len(self.data.item_ids)
        return sparse.coo_array(entries, shape=shape).tocsr(), self.data.item_ids


def _sasrec() -> Any:
    try:
        return import_module("workbench.models.sequential.sasrec_network")
    except ImportError as error:
        raise MissingExtraError("torch", "language", "Sequential") from error
