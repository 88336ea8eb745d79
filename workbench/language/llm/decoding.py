"""How texts are decoded side by side: prompts read once, tokens sampled row by row.

`generate` of transformers reads a prompt once for each of its samples, keeps rows that have ended,
sorts the whole vocabulary, and draws from one source of random numbers for all rows: it is slower
(see ``benchmarks/generation.py``), and no text could be written again by itself.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from workbench.language.llm.backend import Reply
from workbench.language.llm.sampling import Sampling

TOP_K, TOP_P = 50, 0.95  # tokens that may be drawn: this many at most, of this share of the whole
Tokens = Sequence[int]


class TextBatch:
    """Texts being written, a row each: every sample of a prompt, prompt after prompt.

    A row's random numbers come from the seed, its prompt and the number of its sample alone, so
    that neither the order of the prompts nor the size of a batch changes a word.
    """

    def __init__(
        self, tokenizer: Any, prompts: Sequence[Tokens], end_tokens: set[int], sampling: Sampling
    ) -> None:
        self.prompts, self.sampling = prompts, sampling
        rows = [(prompt, n) for prompt in prompts for n in range(sampling.samples)]
        self.written: list[list[int]] = [[] for _ in rows]
        self._tokenizer, self._end_tokens = tokenizer, end_tokens
        self._log_likelihood = [0.0] * len(rows)
        self._random = [_random(sampling.seed, prompt, sample) for prompt, sample in rows]

    def text(self, row: int) -> str:
        """Return what a row holds so far."""
        return str(self._tokenizer.decode(self.written[row], skip_special_tokens=True))

    def reply(self, row: int) -> Reply:
        """Return what a row holds, with the model's own scores of it and its counts."""
        tokens = len(self.written[row])
        fluency = self._log_likelihood[row] / max(tokens, 1)
        prompt = self.prompts[row // self.sampling.samples]
        return Reply(self.text(row), fluency, len(prompt), tokens)

    def add(self, rows: list[int], scores: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
        """Draw the next token of each row; return them, and the places of those that go on."""
        tokens = self.draw(rows, scores)
        likely = scores.gather(1, tokens)[:, 0] - scores.logsumexp(-1)
        chosen = zip(rows, tokens[:, 0].tolist(), likely.tolist(), strict=True)
        return tokens, [place for place, each in enumerate(chosen) if self._goes_on(*each)]

    def draw(self, rows: list[int], scores: torch.Tensor) -> torch.Tensor:
        """Draw a token for each row from scores of shape (rows, vocabulary); shape (rows, 1)."""
        if not self.sampling.temperature:
            return scores.argmax(-1, keepdim=True)
        # Sorting the whole vocabulary took as long as the network itself.
        best, tokens = scores.topk(min(TOP_K, scores.shape[-1]))
        shares = (best / self.sampling.temperature).softmax(-1, dtype=torch.float64)
        summed = shares.cumsum(-1)
        heights = shares.where(summed - shares < TOP_P, 0).cumsum(-1)
        numbers = heights.new_tensor([[self._random[row].random()] for row in rows])
        place = (heights > numbers * heights[:, -1:]).int().argmax(-1, keepdim=True)
        return tokens.gather(1, place)

    def _goes_on(self, row: int, token: int, likely: float) -> bool:
        if token in self._end_tokens:
            return False
        written = self.written[row]
        written.append(token)
        self._log_likelihood[row] += likely
        if len(written) == self.sampling.max_new_tokens:
            return False
        text = self.text(row) if self.sampling.stop else ""
        return not any(mark in text for mark in self.sampling.stop)


def _random(seed: int, prompt: Tokens, sample: int) -> np.random.Generator:
    digest = hashlib.sha256(repr(list(prompt)).encode()).digest()
    return np.random.default_rng([seed, sample, int.from_bytes(digest)])


@torch.inference_mode()
def decode(network: Any, batch: TextBatch) -> Iterator[None]:
    """Let a network write texts to their ends, a token of each a step."""
    cache, mask, last = _prefill(network, batch.prompts, batch.sampling.samples)
    rows = list(range(len(batch.written)))
    while True:
        scores = network(
            input_ids=last,
            attention_mask=mask,
            position_ids=mask.sum(-1, keepdim=True) - 1,
            past_key_values=cache,
            logits_to_keep=1,
        ).logits[:, -1]
        last, going = batch.add(rows, scores.float())
        yield
        if not going:
            return
        if len(going) < len(rows):
            # A text that has ended costs no more steps.
            left = torch.tensor(going, device=last.device)
            cache.batch_select_indices(left)
            mask, last, rows = mask[left], last[left], [rows[place] for place in going]
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)


def replies(network: Any, batch: TextBatch) -> list[Reply]:
    """Let a network write texts to their ends; a reply a row."""
    for _ in decode(network, batch):
        pass
    return [batch.reply(row) for row in range(len(batch.written))]


def _prefill(network: Any, prompts: Sequence[Tokens], samples: int) -> tuple[Any, Any, Any]:
    """Read all but the last token of the prompts: what they share once, each once for its samples.

    Returns of each row: keys and values, which of them count, the token to go on from.
    """
    shared = shared_length(prompts)
    longest = max(map(len, prompts))
    padded = [[0] * (longest - len(prompt)) + list(prompt[shared:]) for prompt in prompts]
    unshared = torch.tensor(padded, device=network.device)
    mask = torch.tensor(
        [[1] * shared + [0] * (longest - len(p)) + [1] * (len(p) - shared) for p in prompts],
        device=network.device,
    )
    cache = DynamicCache(config=network.config)
    if shared:
        first = torch.tensor([list(prompts[0][:shared])], device=network.device)
        network(input_ids=first, past_key_values=cache, logits_to_keep=1)
        cache.batch_repeat_interleave(len(prompts))
    if unshared.shape[1] > 1:
        positions = (mask[:, :-1].cumsum(-1) - 1).clamp(min=0)
        network(
            input_ids=unshared[:, :-1],
            attention_mask=mask[:, :-1],
            position_ids=positions[:, shared:],
            past_key_values=cache,
            logits_to_keep=1,
        )
    cache.batch_repeat_interleave(samples)
    mask, unshared = (each.repeat_interleave(samples, 0) for each in (mask, unshared))
    return cache, mask, unshared[:, -1:]


def shared_length(prompts: Sequence[Tokens]) -> int:
    """How many tokens all prompts begin with, the last of each left out."""
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    pairs = zip(first[:-1], last[:-1], strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other),
        min(len(first), len(last)) - 1,
    )
