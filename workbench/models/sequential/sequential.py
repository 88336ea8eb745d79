"""A transformer over histories in the order of time."""

from collections.abc import Iterable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from workbench.datasets import Dataset
from workbench.device.pytorch import sees_card
from workbench.errors import DataError, MissingExtraError, OptionError
from workbench.evidence import ByItem
from workbench.models.derived_state import derived
from workbench.models.parameters import model, parameter
from workbench.models.profile_model import BATCH_BYTES
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.models.sequential.histories import (
    Holdout,
    hold_out_last,
    in_time,
    latest,
    pieces,
)
from workbench.validation import at_least, number

HELD_OUT = 1000  # users whose last item says when to stop
SHAPE = ("factors", "heads", "layers", "dropout")
TRAINING = ("learning_rate", "batch_size", "patience", "seed")
CHECKPOINT_OPTIONS = (*SHAPE, "max_length", *TRAINING)  # what its weights hang on


@model
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

    factors: int = parameter(64, at_least, 1)
    heads: int = parameter(2, at_least, 1)
    layers: int = parameter(2, at_least, 1)
    dropout: float = parameter(0.2, number)
    max_length: int = parameter(50, at_least, 1)
    epochs: int = parameter(100, at_least, 1)
    learning_rate: float = parameter(0.001, number, zero=False)
    batch_size: int = parameter(128, at_least, 1)
    patience: int = parameter(5, at_least, 0)
    checkpoint: str | Path | None = None
    seed: int = parameter(0, at_least, 0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factors % self.heads:
            raise OptionError(f"heads={self.heads} must divide factors={self.factors}")
        if self.dropout >= 1:
            raise OptionError(f"dropout={self.dropout!r} must be below 1")
        self.checkpoint = None if self.checkpoint is None else str(self.checkpoint)

    @property
    def on_gpu(self) -> bool:  # type: ignore[override]
        """Whether PyTorch can use the card."""
        return sees_card()

    def _fit(self, ds: Dataset) -> None:
        known, check = self._histories, None
        if self.patience:
            rng = np.random.default_rng(self.seed)
            known, holdout = hold_out_last(known, HELD_OUT, rng)
            check = partial(self._ndcg, holdout) if len(holdout.targets) else None
        steps = pieces(known, self.max_length)
        if not len(steps):
            raise DataError(f"{ds.name}: no user has two interactions, so that nothing follows")
        self._weights, history = _sasrec("training").train(
            self._shape,
            steps,
            device=self._torch_device,
            epochs=self.epochs,
            **{name: getattr(self, name) for name in TRAINING},
            check=check,
            checkpoint=Path(self.checkpoint) if self.checkpoint else None,
            task={name: self.parameters[name] for name in CHECKPOINT_OPTIONS} | {"data": ds.hash},
        )
        self.ndcg = history if check else []

    @property
    def _shape(self) -> dict[str, Any]:
        """What the network is made of."""
        sizes = {"items": len(self.item_ids), "length": self.max_length}
        return sizes | {name: getattr(self, name) for name in SHAPE}

    @property
    def _torch_device(self) -> str:
        return "cuda" if self.device.kind == "gpu" else "cpu"

    @property
    def _network(self) -> Any:
        weights = self._weights
        return derived(
            self,
            "network",
            weights,
            lambda: _sasrec("network").of_weights(self._shape, weights, self._torch_device),
        )

    @property
    def _histories(self) -> sparse.csr_array:
        """Of the users of the data, in the order of time."""
        return derived(self, "histories", self.data, lambda: in_time(self.data))

    def _ndcg(self, holdout: Holdout, network: Any) -> float:
        """NDCG@10 of the items that were held out."""
        ranks, size = [], max(1, BATCH_BYTES // (8 * holdout.histories.shape[1]))
        for start in range(0, len(holdout.targets), size):
            part = slice(start, start + size)
            known, targets = holdout.histories[part], holdout.targets[part]
            scores = _sasrec("network").scores(network, latest(known, self.max_length))
            of_targets = np.take_along_axis(scores, targets[:, None], axis=1)
            rows = np.repeat(np.arange(len(scores)), np.diff(known.indptr))
            scores[rows, known.indices] = -np.inf
            ranks.append((scores > of_targets).sum(axis=1) + 1)
        rank = np.concatenate(ranks)
        return float(np.mean(np.where(rank <= 10, 1 / np.log2(1 + rank), 0)))

    def _history_row(self, history: Iterable[tuple[Any, float]]) -> sparse.csr_array:
        """The history in the order given; an item that was rated again stands where it was last."""
        ratings: dict[Any, float] = {}
        for item, rating in history:
            ratings.pop(item, None)
            ratings[item] = rating
        by_id = super()._history_row(ratings.items())
        items = self.data.require_items(list(ratings)) if ratings else by_id.indices
        values = np.fromiter(ratings.values(), np.float64)
        return sparse.csr_array((values, items, by_id.indptr), shape=by_id.shape)

    def _latest(self, profiles: Profiles) -> np.ndarray:
        # Profiles of the data are by item; one that was typed in is in the order of its history.
        histories = self._histories[profiles.users] if profiles.in_data else profiles.ratings
        return latest(histories, self.max_length)

    def _score(self, profiles: Profiles) -> np.ndarray:
        scores = _sasrec("network").scores(self._network, self._latest(profiles))
        scores[profiles.lengths == 0] = np.nan
        return scores

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        sequences = self._latest(pairs.profiles)
        drops = _sasrec("network").score_drops(self._network, sequences, pairs.rows, pairs.items)
        numbers = sequences[pairs.rows]
        rows, places = np.nonzero(numbers)
        entries = drops[rows, places], (rows, numbers[rows, places] - 1)
        return sparse.coo_array(entries, shape=(len(pairs), len(self.item_ids))).tocsr()


def _sasrec(part: str) -> Any:
    try:
        return import_module(f"workbench.models.sequential.sasrec_{part}")
    except ImportError as error:
        raise MissingExtraError("torch", "language", "Sequential") from error
