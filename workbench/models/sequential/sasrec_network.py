"""The network of `Sequential`.

Sequences are int64 arrays of shape (n, length): numbers of items from 1, then zeros. Attention
looks back only, so that no entry sees the zeros behind it.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

TOKENS = 2**16  # entries of sequences that go through the network at a time


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
        self.attention, self.out = nn.Linear(factors, 3 * factors), nn.Linear(factors, factors)
        self.dense = nn.Sequential(
            nn.Linear(factors, factors), nn.ReLU(), nn.Dropout(dropout), nn.Linear(factors, factors)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Vectors of the shape of x."""
        split = self.attention(self.norms[0](x)).unflatten(-1, (3, self.heads, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.rate if self.training else 0.0, is_causal=True
        )
        x = x + self.dropout(self.out(attended.transpose(1, 2).flatten(2)))
        return x + self.dropout(self.dense(self.norms[1](x)))


@torch.inference_mode()
def scores(network: Network, sequences: np.ndarray) -> np.ndarray:
    """Scores of all items, float64 of shape (n, items), rounded to float32."""
    return _rounded(network.last(sequences) @ network.vectors.T)


@torch.inference_mode()
def score_drops(
    network: Network, sequences: np.ndarray, rows: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """By how much the score of each pair (sequence, item) drops when an entry is left out.

    Float64 of shape (pairs, length), rounded to float32.
    """
    length = sequences.shape[1]
    kept = np.arange(length) + (np.arange(length) >= np.arange(length)[:, None])
    drops, step = np.empty((len(rows), length)), max(1, TOKENS // length**2)
    for start in range(0, len(sequences), step):
        part = sequences[start : start + step]
        rest = np.pad(part, ((0, 0), (0, 1)))[:, kept].reshape(-1, length)
        lost = network.last(part)[:, None] - network.last(rest).unflatten(0, (-1, length))
        here = np.flatnonzero((rows >= start) & (rows < start + step))
        change = lost[rows[here] - start] @ network.vectors[items[here]][:, :, None]
        drops[here] = _rounded(change[..., 0])
    return drops


def _rounded(values: torch.Tensor) -> np.ndarray:
    """As float32, to which sums in another order or on another device come too."""
    return values.float().cpu().numpy().astype(np.float64)


def of_weights(shape: dict[str, Any], weights: dict[str, np.ndarray], device: str) -> Network:
    """The network that has learnt these weights, in float64."""
    network = Network(**shape)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network.double().eval().to(device)
