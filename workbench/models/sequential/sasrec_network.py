"""The network of `Sequential`, and how it learns.

Sequences are int64 arrays of shape (n, length): numbers of items from 1, then zeros. Attention
looks back only, so that no entry sees the zeros behind it.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from tqdm.auto import tqdm

from workbench.errors import ModelFileError, OptionError

TOKENS = 2**16  # entries of sequences that go through the network at a time
LOGITS = 2**26  # scores held at a time


class Network(nn.Module):
    """Self-attention over a sequence (Kang and McAuley 2018): what each entry leads to."""

    def __init__(
        self, items: int, length: int, factors: int, heads: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.items = nn.Embedding(items + 1, factors, padding_idx=0)
        self.places = nn.Embedding(length, factors)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(factors, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(factors)
        for embedding in (self.items, self.places):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, sequences: torch.Tensor) -> torch.Tensor:
        """Vectors, of shape (n, length, factors)."""
        places = self.places.weight[: sequences.shape[1]]
        x = self.dropout(self.items(sequences) * math.sqrt(places.shape[1]) + places)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    @property
    def vectors(self) -> torch.Tensor:
        """Those of the items, without the padding."""
        return self.items.weight[1:]

    def last(self, sequences: np.ndarray) -> torch.Tensor:
        """Vectors of the last entries, of shape (n, factors); 0 for an empty sequence."""
        step = max(1, TOKENS // sequences.shape[1])
        parts = torch.from_numpy(sequences).to(self.items.weight.device).split(step)
        return torch.cat([self._last(part) for part in parts])

    def _last(self, sequences: torch.Tensor) -> torch.Tensor:
        lengths = (sequences > 0).sum(dim=1)
        every = torch.arange(len(sequences), device=sequences.device)
        return self(sequences)[every, lengths - 1] * (lengths > 0)[:, None]


class Block(nn.Module):
    """Attention, then two dense layers; each on normalised input, and added to it."""

    def __init__(self, factors: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.rate = heads, dropout
        self.norms = nn.ModuleList(nn.LayerNorm(factors) for _ in range(2))
        self.asks, self.out = nn.Linear(factors, 3 * factors), nn.Linear(factors, factors)
        self.dense = nn.Sequential(
            nn.Linear(factors, factors), nn.ReLU(), nn.Dropout(dropout), nn.Linear(factors, factors)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Vectors of the shape of x."""
        split = self.asks(self.norms[0](x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.rate if self.training else 0.0, is_causal=True
        )
        x = x + self.dropout(self.out(found.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.dense(self.norms[1](x)))


@torch.inference_mode()
def scores(network: Network, sequences: np.ndarray) -> np.ndarray:
    """Scores of all items, float64 of shape (n, items), rounded to float32."""
    return _rounded(network.last(sequences) @ network.vectors.T)


@torch.inference_mode()
def drops(
    network: Network, sequences: np.ndarray, rows: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """By how much the score of each pair (sequence, item) drops when an entry is left out.

    Returns
    -------
    float64 array of shape (pairs, length), rounded to float32
    """
    length = sequences.shape[1]
    kept = np.arange(length) + (np.arange(length) >= np.arange(length)[:, None])
    found, step = np.empty((len(rows), length)), max(1, TOKENS // length**2)
    for start in range(0, len(sequences), step):
        part = sequences[start : start + step]
        left = np.pad(part, ((0, 0), (0, 1)))[:, kept].reshape(-1, length)
        lost = network.last(part)[:, None] - network.last(left).unflatten(0, (-1, length))
        here = np.flatnonzero((rows >= start) & (rows < start + step))
        change = lost[rows[here] - start] @ network.vectors[items[here]][:, :, None]
        found[here] = _rounded(change[..., 0])
    return found


def _rounded(values: torch.Tensor) -> np.ndarray:
    """As float32, to which sums in another order or on another device come too."""
    return values.float().cpu().numpy().astype(np.float64)


def made(shape: dict[str, Any], weights: dict[str, np.ndarray], place: str) -> Network:
    """The network that has learnt these weights, in float64."""
    network = Network(**shape)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network.double().eval().to(place)


def train(
    shape: dict[str, Any],
    windows: np.ndarray,
    *,
    place: str,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    patience: int,
    seed: int,
    check: Callable[[Network], float] | None,
    checkpoint: Path | None,
    task: dict[str, Any],
) -> tuple[dict[str, np.ndarray], list[float]]:
    """Learn to say what follows each entry.

    Every epoch draws from a seed of its own, so that one that was broken off can be done again.

    Returns
    -------
    weights : dict of str to float32 array
        Those of the best epoch; of the last without a `check`.
    history : list of float
        What `check` said after every epoch.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(**shape).to(place)
        optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=(0.9, 0.98))
        sequences = torch.from_numpy(windows)
        history, best = _resumed(checkpoint, task, network, optimiser)
        for epoch in tqdm(range(len(history), epochs), desc="Sequential", unit="epoch", delay=2):
            if check is not None and len(history) - _best(history) >= patience:
                break
            torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
            _epoch(network, optimiser, sequences, batch_size)
            history.append(check(network.eval()) if check is not None else math.nan)
            if check is None or _best(history) == len(history):
                best = {name: value.clone() for name, value in network.state_dict().items()}
            _keep(checkpoint, task, network, optimiser, history, best)
    return {name: value.cpu().numpy() for name, value in best.items()}, history


def _best(history: list[float]) -> int:
    """Epochs up to the best one, the first of equals."""
    return int(np.argmax(history)) + 1 if history else 0


def _epoch(
    network: Network, optimiser: torch.optim.Optimizer, sequences: torch.Tensor, batch_size: int
) -> None:
    network.train()
    device = network.items.weight.device
    for rows in torch.randperm(len(sequences)).split(batch_size):
        batch = sequences[rows]
        batch = batch[:, : int((batch > 0).sum(dim=1).max())].to(device)
        known = batch[:, 1:] > 0
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            hidden = network(batch[:, :-1])[known]
            _backward(hidden, batch[:, 1:][known] - 1, network.vectors)
        optimiser.step()
        optimiser.zero_grad()


def _backward(hidden: torch.Tensor, targets: torch.Tensor, vectors: torch.Tensor) -> None:
    """Gradients of the mean cross-entropy over all items, with few scores held at a time."""
    step = max(1, LOGITS // len(vectors))
    cut = hidden.detach().requires_grad_()
    rest = vectors.detach().requires_grad_()
    for part, wanted in zip(cut.split(step), targets.split(step), strict=True):
        loss = functional.cross_entropy(part @ rest.T, wanted, reduction="sum") / len(targets)
        loss.backward()
    torch.autograd.backward([hidden, vectors], [cut.grad, rest.grad])


# --- checkpoints ------------------------------------------------------------------------------


def _keep(
    path: Path | None,
    task: dict[str, Any],
    network: Network,
    optimiser: torch.optim.Optimizer,
    history: list[float],
    best: dict[str, torch.Tensor],
) -> None:
    if path is None:
        return
    state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "best": best}
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        torch.save(state | {"task": task, "history": history}, part)
        part.replace(path)
    except (OSError, RuntimeError) as error:
        raise ModelFileError(f"checkpoint {str(path)!r} cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _resumed(
    path: Path | None, task: dict[str, Any], network: Network, optimiser: torch.optim.Optimizer
) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Take up what a checkpoint holds; history and best weights are empty where there is none."""
    if path is None or not path.exists():
        return [], {}
    try:
        state = torch.load(path, map_location=network.items.weight.device, weights_only=True)
        known = state["task"]
        if known == task:
            network.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
            return list(state["history"]), dict(state["best"])
    except Exception as error:  # a stranger's bytes may set off any
        raise ModelFileError(
            f"checkpoint {str(path)!r} is damaged ({type(error).__name__}); delete it to start anew"
        ) from error
    differs = ", ".join(name for name in task if known.get(name) != task[name])
    raise OptionError(
        f"checkpoint {str(path)!r} is of another training, which differs in {differs}; delete it "
        "to start anew, or name another file"
    )
