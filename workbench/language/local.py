"""A language model on this machine, and the phrases its sentences may be made of."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tqdm.auto import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessor, LogitsProcessorList

from workbench.device.memory import VARIABLE, fraction
from workbench.device.pytorch import resolve_for_torch
from workbench.errors import DeviceError, ModelFileError
from workbench.language import embedded, sizing

STOPS = ["\n", ". ", "。"]


class Continuation(NamedTuple):
    """What a model wrote after a prompt, and the mean log-probability it gave its own words."""

    text: str
    fluency: float


class LocalModel:
    """A causal language model run by transformers, loaded on first use.

    Parameters
    ----------
    model : str or Path, optional
        Local folder or hub id; by default the embedded model.
    device : {"auto", "cpu", "gpu"}
        Where it runs: in bfloat16 on a card of compute capability 8 or more, in float16 on an
        older one, in float32 on a CPU.

    Raises
    ------
    DeviceError
        If a GPU is asked for and PyTorch sees none, or the model does not fit it.
    """

    def __init__(self, model: str | Path | None = None, *, device: str = "auto") -> None:
        self.device = resolve_for_torch(device)
        on_card = self.device.kind == "gpu"
        self.dtype = sizing.number_format(torch.cuda.get_device_capability() if on_card else None)
        self._model = model

    def __repr__(self) -> str:
        return f"{self.name} · {self.dtype} · {self.device.kind.upper()}"

    @property
    def name(self) -> str:
        """Name to show beside what the model wrote."""
        return embedded.NAME if self._model is None else Path(self._model).name

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        source = embedded.embedded_model() if self._model is None else self._model
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, padding_side="left")
            network = AutoModelForCausalLM.from_pretrained(source, dtype=getattr(torch, self.dtype))
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelFileError(
                f"The language model {str(source)!r} does not load: {error}"
            ) from error
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        try:
            return tokenizer, network.eval().to("cuda" if self.device.kind == "gpu" else "cpu")
        except torch.OutOfMemoryError as error:
            raise _too_large(self) from error

    def generate(
        self,
        conversations: Sequence[Sequence[Mapping[str, str]]],
        *,
        samples: int = 1,
        max_new_tokens: int = 64,
        temperature: float = 0.7,
        seed: int = 0,
        progress: bool = False,
    ) -> list[list[Continuation]]:
        """Answer each conversation, written out by the model's own chat template."""
        tokenizer, _ = self._loaded
        prompts = [
            tokenizer.apply_chat_template(list(c), tokenize=False, add_generation_prompt=True)
            for c in conversations
        ]
        return self.complete(
            prompts,
            samples=samples,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            seed=seed,
            progress=progress,
        )

    def complete(
        self,
        prompts: Sequence[str],
        *,
        samples: int = 1,
        phrases: Sequence[Mapping[str, bool]] | None = None,
        max_new_tokens: int = 24,
        temperature: float = 0.7,
        seed: int = 0,
        progress: bool = False,
    ) -> list[list[Continuation]]:
        """Continue each prompt to the end of its sentence.

        Parameters
        ----------
        prompts : sequence of str
            Texts to continue.
        samples : int
            Continuations of each.
        phrases : sequence of dict, optional
            For each prompt the words and phrases that its continuation may be made of, each with
            whether a clause may end on it; such a one is used once. Without them the model
            writes what it likes.
        max_new_tokens : int
            Length at which a continuation is cut.
        temperature : float
            0 takes the most likely word each time; above it, words are sampled.
        seed : int
            The same seed and prompts give the same continuations; on a card, as long as memory
            allows batches of the same size.
        progress : bool
            Show a progress bar.

        Returns
        -------
        list of list of Continuation
            One list a prompt, in their order.

        Raises
        ------
        DeviceError
            If the samples of one prompt do not fit the card's memory.
        """
        size = max(1, self._batch(prompts, max_new_tokens) // samples)
        sampling: dict[str, Any] = {"do_sample": temperature > 0}
        if temperature > 0:
            sampling |= {"temperature": temperature, "top_p": 0.95, "top_k": 0}
        written: list[list[Continuation]] = []
        bar = tqdm(total=len(prompts), desc=f"{self.name} writes", disable=not progress)
        with torch.random.fork_rng(), bar:
            torch.manual_seed(seed)
            while len(written) < len(prompts):
                part = slice(len(written), len(written) + size)
                own = [held for held in phrases[part] for _ in range(samples)] if phrases else None
                try:
                    flat = self._generate(prompts[part], samples, own, max_new_tokens, sampling)
                except torch.OutOfMemoryError as error:
                    if size == 1:
                        raise _too_large(self) from error
                    size //= 2
                    continue
                written += [flat[j : j + samples] for j in range(0, len(flat), samples)]
                bar.update(len(prompts[part]))
        return written

    def _batch(self, prompts: Sequence[str], max_new_tokens: int) -> int:
        """Sequences at a time; on a card, as many as its free memory holds."""
        if self.device.kind == "cpu" or not prompts:
            return sizing.ON_CPU
        tokenizer, network = self._loaded
        longest = max(map(len, tokenizer(list(prompts)).input_ids))
        config, itemsize = network.config.get_text_config(), network.dtype.itemsize
        each = sizing.bytes_a_sequence(config, longest + max_new_tokens, itemsize)
        torch.cuda.empty_cache()
        return sizing.batch(fraction() * torch.cuda.mem_get_info()[0], each)

    def _generate(
        self,
        prompts: Sequence[str],
        samples: int,
        phrases: Sequence[Mapping[str, bool]] | None,
        max_new_tokens: int,
        sampling: dict[str, Any],
    ) -> list[Continuation]:
        tokenizer, network = self._loaded
        inputs = tokenizer(list(prompts), return_tensors="pt", padding=True).to(network.device)
        watch = _Phrases(tokenizer, phrases)
        with torch.inference_mode():
            tokens = network.generate(
                input_ids=inputs.input_ids.repeat_interleave(samples, 0),
                attention_mask=inputs.attention_mask.repeat_interleave(samples, 0),
                past_key_values=_read(network, inputs, samples),
                **sampling,
                max_new_tokens=max_new_tokens,
                pad_token_id=tokenizer.pad_token_id,
                stop_strings=STOPS if phrases is None else None,
                tokenizer=tokenizer,
                logits_processor=LogitsProcessorList([watch]),
            )[:, inputs.input_ids.shape[1] :]
        texts = tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [
            Continuation(text.split("\n")[0].rstrip(), fluency)
            for text, fluency in zip(texts, watch.fluency(), strict=True)
        ]


def _too_large(model: LocalModel) -> DeviceError:
    free, total = (number / 2**30 for number in torch.cuda.mem_get_info())
    return DeviceError(
        f"{model!r} does not fit the card, of which {free:.3g} of {total:.3g} GiB are free. Free "
        f"some, raise {VARIABLE}, use a smaller model, or device='cpu'."
    )


def _read(network: Any, inputs: Any, samples: int) -> Any:
    """Read each prompt once, however many samples follow it: all but its last token."""
    mask = inputs.attention_mask[:, :-1]
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = network(
        input_ids=inputs.input_ids[:, :-1],
        attention_mask=mask,
        position_ids=positions,
        use_cache=True,
        logits_to_keep=1,
    ).past_key_values
    cache.batch_repeat_interleave(samples)
    return cache


class _Phrases(LogitsProcessor):
    """Keeps each row of a batch to its phrases, and notes how likely the model found its words.

    A row's phrases form a trie over their usual tokens, so that a sentence cannot run into the
    beginning of a word that no phrase completes. The leaf key None says whether a clause may end.
    """

    def __init__(self, tokenizer: Any, phrases: Sequence[Mapping[str, bool]] | None) -> None:
        self._eos, self._pad = tokenizer.eos_token_id, tokenizer.pad_token_id
        self._comma, self._stop = (
            tokenizer.encode(mark, add_special_tokens=False)[0] for mark in ",."
        )
        self._roots = [_trie(tokenizer, own) for own in phrases or []]
        self._nodes = list(self._roots)
        self._firsts: list[int] = [0] * len(self._nodes)
        self._used: list[set[int]] = [set() for _ in self._nodes]
        self._before: torch.Tensor | None = None
        self._total = self._count = torch.zeros(())

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Narrow the scores of the next token, having noted the last one."""
        if self._before is not None:
            self._note(input_ids[:, -1])
        self._before = scores.float().log_softmax(-1)
        if not self._roots:
            return scores
        allowed = [(row, token) for row in range(len(scores)) for token in self._allowed(row)]
        # All at once: on a card, a row at a time would wait for it as often.
        rows, tokens = torch.tensor(allowed, device=scores.device).T
        narrowed = torch.full_like(scores, -torch.inf)
        narrowed[rows, tokens] = scores[rows, tokens]
        return narrowed

    def fluency(self) -> list[float]:
        """Mean log-probability of each row's words."""
        return (self._total / self._count.clamp(min=1)).tolist()

    def _note(self, tokens: torch.Tensor) -> None:
        assert self._before is not None
        chosen = self._before.gather(1, tokens[:, None])[:, 0]
        written = (tokens != self._pad) & (tokens != self._eos)
        self._total = self._total + chosen.where(written, 0.0)
        self._count = self._count + written
        if self._nodes:
            for row, token in enumerate(tokens.tolist()):
                self._advance(row, token)

    def _allowed(self, row: int) -> list[int]:
        node, root = self._nodes[row], self._roots[row]
        inside = [token for token in node if token is not None and node is not root]
        if node is not root and None not in node:
            return inside or [self._eos]
        marks = [self._comma, self._stop] if node.get(None) else []
        return inside + [token for token in [*root, *marks] if token not in self._used[row]]

    def _advance(self, row: int, token: int) -> None:
        node, root = self._nodes[row], self._roots[row]
        if node.get(None) and token not in node:
            self._used[row].add(self._firsts[row])
        if token in (self._stop, self._eos, self._pad):
            self._nodes[row] = {}
        elif token == self._comma:
            # A second clause is enough; more of them run on.
            self._used[row].add(token)
            self._nodes[row] = root
        elif token in node and node is not root:
            self._nodes[row] = node[token]
        else:
            self._nodes[row], self._firsts[row] = root[token], token


def _trie(tokenizer: Any, phrases: Mapping[str, bool]) -> dict[Any, Any]:
    root: dict[Any, Any] = {}
    for phrase, may_end in phrases.items():
        node = root
        for token in tokenizer.encode(f" {phrase}", add_special_tokens=False):
            node = node.setdefault(token, {})
        node[None] = may_end
    return root
