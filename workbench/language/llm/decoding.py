"""How texts are decoded side by side: read once, sampled row by row."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from workbench.language.llm.backend import Reply

TOP_K, TOP_P = 50, 0.95  # tokens that may be drawn: this many at most, of this share of the whole
Tokens = Sequence[int]


class Texts:
    """Texts being written, a row each: every sample of a prompt, prompt after prompt.

    A row's random numbers come from the seed, its prompt and the number of its sample alone, so
    that neither the order of the prompts nor the size of a batch changes a word.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizer
    prompts : sequence of sequence of int
        Tokens to continue.
    ends : set of int
        Tokens that end a text.
    stop : sequence of str
        Strings that end a text.
    """

    def __init__(
        self,
        tokenizer: Any,
        prompts: Sequence[Tokens],
        *,
        samples: int,
        max_new_tokens: int,
        temperature: float,
        seed: int,
        ends: set[int],
        stop: Sequence[str] = (),
    ) -> None:
        self.prompts, self.samples = prompts, samples
        self.written: list[list[int]] = [[] for _ in range(len(prompts) * samples)]
        self._tokenizer, self._ends, self._stop = tokenizer, ends, stop
        self._length, self._temperature = max_new_tokens, temperature
        self._likely = [0.0] * len(self.written)
        self._random = [
            _random(seed, prompt, sample) for prompt in prompts for sample in range(samples)
        ]

    def text(self, row: int) -> str:
        """Return what a row holds so far."""
        return str(self._tokenizer.decode(self.written[row], skip_special_tokens=True))

    def reply(self, row: int) -> Reply:
        """Return what a row holds, with the model's own scores of it and its counts."""
        tokens = len(self.written[row])
        prompt = self.prompts[row // self.samples]
        return Reply(self.text(row), self._likely[row] / max(tokens, 1), len(prompt), tokens)

    def add(self, rows: list[int], scores: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
        """Draw the next token of each row; return them, and the places of those that go on."""
        tokens = self._draw(rows, scores)
        likely = scores.gather(1, tokens)[:, 0] - scores.logsumexp(-1)
        chosen = zip(rows, tokens[:, 0].tolist(), likely.tolist(), strict=True)
        return tokens, [place for place, each in enumerate(chosen) if self._goes_on(*each)]

    def _draw(self, rows: list[int], scores: torch.Tensor) -> torch.Tensor:
        if not self._temperature:
            return scores.argmax(-1, keepdim=True)
        # Sorting the whole vocabulary took as long as the network itself.
        best, tokens = scores.topk(min(TOP_K, scores.shape[-1]))
        share = (best / self._temperature).softmax(-1, dtype=torch.float64)
        whole = share.cumsum(-1)
        heights = share.where(whole - share < TOP_P, 0).cumsum(-1)
        numbers = heights.new_tensor([[self._random[row].random()] for row in rows])
        place = (heights > numbers * heights[:, -1:]).int().argmax(-1, keepdim=True)
        return tokens.gather(1, place)

    def _goes_on(self, row: int, token: int, likely: float) -> bool:
        if token in self._ends:
            return False
        written = self.written[row]
        written.append(token)
        self._likely[row] += likely
        if len(written) == self._length:
            return False
        text = self.text(row) if self._stop else ""
        return not any(mark in text for mark in self._stop)


def _random(seed: int, prompt: Tokens, sample: int) -> np.random.Generator:
    digest = hashlib.sha256(repr(list(prompt)).encode()).digest()
    return np.random.default_rng([seed, sample, int.from_bytes(digest)])


@torch.inference_mode()
def decode(network: Any, texts: Texts) -> Iterator[None]:
    """Let a network write texts to their ends, a token of each a step."""
    cache, mask, last = _read(network, texts.prompts, texts.samples)
    rows = list(range(len(texts.written)))
    while True:
        scores = network(
            input_ids=last,
            attention_mask=mask,
            position_ids=mask.sum(-1, keepdim=True) - 1,
            past_key_values=cache,
            logits_to_keep=1,
        ).logits[:, -1]
        last, going = texts.add(rows, scores.float())
        yield
        if not going:
            return
        if len(going) < len(rows):
            # A text that has ended costs no more steps.
            left = torch.tensor(going, device=last.device)
            cache.batch_select_indices(left)
            mask, last, rows = mask[left], last[left], [rows[place] for place in going]
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], 1)


def _read(network: Any, prompts: Sequence[Tokens], samples: int) -> tuple[Any, Any, Any]:
    """Read all but the last token of the prompts: what they share once, each once for its samples.

    Returns
    -------
    cache, mask, last
        Of each row: keys and values, which of them count, the token to go on from.
    """
    shared = _shared(prompts)
    longest = max(map(len, prompts))
    padded = [[0] * (longest - len(prompt)) + list(prompt[shared:]) for prompt in prompts]
    own = torch.tensor(padded, device=network.device)
    mask = torch.tensor(
        [[1] * shared + [0] * (longest - len(p)) + [1] * (len(p) - shared) for p in prompts],
        device=network.device,
    )
    cache = DynamicCache(config=network.config)
    if shared:
        first = torch.tensor([list(prompts[0][:shared])], device=network.device)
        network(input_ids=first, past_key_values=cache, logits_to_keep=1)
        cache.batch_repeat_interleave(len(prompts))
    if own.shape[1] > 1:
        positions = (mask[:, :-1].cumsum(-1) - 1).clamp(min=0)
        network(
            input_ids=own[:, :-1],
            attention_mask=mask[:, :-1],
            position_ids=positions[:, shared:],
            past_key_values=cache,
            logits_to_keep=1,
        )
    cache.batch_repeat_interleave(samples)
    mask, own = (each.repeat_interleave(samples, 0) for each in (mask, own))
    return cache, mask, own[:, -1:]


def _shared(prompts: Sequence[Tokens]) -> int:
    """How many tokens all prompts begin with, the last of each left out."""
    first, last = min(map(tuple, prompts)), max(map(tuple, prompts))
    pairs = zip(first[:-1], last[:-1], strict=False)
    return next(
        (place for place, (one, other) in enumerate(pairs) if one != other),
        min(len(first), len(last)) - 1,
    )
