"""A language model on this machine."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer

from workbench.device.memory import VARIABLE, fraction
from workbench.device.pytorch import resolve_for_torch
from workbench.errors import DataError, DeviceError, InterruptedWriting, ModelFileError, OptionError
from workbench.language.llm import embedded_model, model_memory
from workbench.language.llm.backend import Message, Reply, cut, stop_strings, until
from workbench.language.llm.decoding import Texts, decode
from workbench.validation import at_least, number

STOPS = ("\n", ". ", "。")


class LocalModel:
    """A causal language model run by transformers, loaded on first use.

    Parameters
    ----------
    model : str or Path, optional
        Local folder or hub id; by default the embedded model.
    device : {"auto", "cpu", "gpu"}
        Where it runs: in bfloat16 on a card of compute capability 8 or more, in float16 on an
        older one, in float32 on a CPU.
    adapter : Path, optional
        Folder of LoRA weights that peft wrote for the model, which are added to its own.

    Raises
    ------
    DeviceError
        If a GPU is asked for and PyTorch sees none, or the model does not fit it.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        device: str = "auto",
        adapter: Path | None = None,
    ) -> None:
        self.device = resolve_for_torch(device)
        on_card = self.device.kind == "gpu"
        self.dtype = model_memory.number_format(
            torch.cuda.get_device_capability() if on_card else None
        )
        self._model, self._adapter = model, adapter

    def __repr__(self) -> str:
        return f"{self.name} · {self.dtype} · {self.device.kind.upper()}"

    @property
    def name(self) -> str:
        """Name to show beside what the model wrote."""
        name = embedded_model.NAME if self._model is None else Path(self._model).name
        return f"{name} + {self._adapter.name}" if self._adapter else name

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        source = embedded_model.embedded_model() if self._model is None else self._model
        try:
            tokenizer = AutoTokenizer.from_pretrained(source)
            network = AutoModelForCausalLM.from_pretrained(source, dtype=getattr(torch, self.dtype))
            network = network if self._adapter is None else _adapted(network, self._adapter)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelFileError(
                f"The language model {str(source)!r} does not load: {error}"
            ) from error
        try:
            return tokenizer, network.eval().to("cuda" if self.device.kind == "gpu" else "cpu")
        except torch.OutOfMemoryError as error:
            raise _too_large(self) from error

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        *,
        samples: int = 1,
        max_new_tokens: int = 64,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
        seed: int = 0,
        progress: bool = False,
    ) -> list[list[Reply]]:
        """Answer conversations, as `Backend.generate` says.

        An answer depends on the seed, the conversation, the settings and the number of the sample
        alone, up to the rounding of floats: asked again by itself, or in another order, it is the
        same.

        Raises
        ------
        OptionError
            If a setting is out of its range or a conversation is longer than the model reads.
        ModelFileError
            If the model has no chat template.
        DeviceError
            If the samples of one conversation do not fit the card's memory.
        InterruptedWriting
            At Ctrl-C, with the answers that were finished.
        """
        return self._write(
            [self._chat(messages) for messages in conversations],
            finish=lambda text: cut(text, stop),
            samples=samples, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed,
            stop=stop, progress=progress,
        )  # fmt: skip

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = 64,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
        seed: int = 0,
    ) -> Iterator[str]:
        """Yield, piece by piece, the text that `generate` gives."""
        texts = self._texts(
            [self._chat(messages)], samples=1, max_new_tokens=max_new_tokens,
            temperature=temperature, seed=seed, stop=stop,
        )  # fmt: skip
        return until(self._pieces(texts), stop)

    def complete(
        self,
        prompts: Sequence[str],
        *,
        samples: int = 1,
        max_new_tokens: int = 24,
        temperature: float = 0.7,
        seed: int = 0,
        progress: bool = False,
    ) -> list[list[Reply]]:
        """Continue each raw prompt to the end of its sentence.

        Parameters
        ----------
        prompts : sequence of str
            Texts to continue, in no chat template.
        samples, max_new_tokens, temperature, seed, progress
            As for `generate`.

        Returns
        -------
        list of list of Reply
            One list a prompt, in their order.

        Raises
        ------
        OptionError, DeviceError, InterruptedWriting
            As for `generate`.
        """
        return self._write(
            [self._loaded[0](prompt).input_ids for prompt in prompts],
            finish=_sentence,
            samples=samples, max_new_tokens=max_new_tokens, temperature=temperature, seed=seed,
            stop=STOPS, progress=progress,
        )  # fmt: skip

    def _chat(self, messages: Sequence[Message]) -> list[int]:
        tokenizer = self._loaded[0]
        if not tokenizer.chat_template:
            raise ModelFileError(
                f"{self.name} has no chat template, so it takes no conversations. Use a model "
                "made for instructions (its name often ends in Instruct or Chat), or `complete`."
            )
        try:
            text = tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True
            )
        except Exception as error:  # of the template's own: a role it does not know, an order
            raise DataError(f"{self.name}'s chat template refuses the messages: {error}") from error
        return list(tokenizer(text, add_special_tokens=False).input_ids)

    def _write(
        self,
        prompts: Sequence[list[int]],
        *,
        finish: Callable[[str], str],
        samples: int,
        max_new_tokens: int,
        progress: bool,
        **settings: Any,
    ) -> list[list[Reply]]:
        # Longest first: a batch of like lengths is little padded, and one too large shows at once.
        order = sorted(range(len(prompts)), key=lambda place: -len(prompts[place]))
        size = max(1, self._batch(prompts, max_new_tokens) // at_least("samples", samples, 1))
        written: dict[int, list[Reply]] = {}
        with tqdm(total=len(prompts), desc=f"{self.name} writes", disable=not progress) as bar:
            while len(written) < len(prompts):
                part = order[len(written) : len(written) + size]
                texts = self._texts(
                    [prompts[place] for place in part],
                    samples=samples,
                    max_new_tokens=max_new_tokens,
                    **settings,
                )
                try:
                    flat = self._decoded(texts)
                except torch.OutOfMemoryError as error:
                    if size == 1:
                        raise _too_large(self) from error
                    size //= 2
                    continue
                except KeyboardInterrupt as interrupt:
                    if not written:
                        raise
                    raise InterruptedWriting(
                        [written.get(place, []) for place in range(len(prompts))]
                    ) from interrupt
                flat = [each._replace(text=finish(each.text)) for each in flat]
                own = (flat[j : j + samples] for j in range(0, len(flat), samples))
                written |= zip(part, own, strict=True)
                bar.update(len(part))
        return [written[place] for place in range(len(prompts))]

    def _batch(self, prompts: Sequence[list[int]], max_new_tokens: int) -> int:
        """Sequences at a time; on a card, as many as its free memory holds."""
        if self.device.kind == "cpu" or not prompts:
            return model_memory.ON_CPU
        network = self._loaded[1]
        config, itemsize = network.config.get_text_config(), network.dtype.itemsize
        longest = max(map(len, prompts)) + max_new_tokens
        each = model_memory.bytes_a_sequence(config, longest, itemsize)
        torch.cuda.empty_cache()
        return model_memory.batch(fraction() * torch.cuda.mem_get_info()[0], each)

    def _texts(
        self,
        prompts: Sequence[list[int]],
        *,
        max_new_tokens: int,
        temperature: float,
        stop: Sequence[str],
        seed: int,
        **settings: Any,
    ) -> Texts:
        tokenizer, network = self._loaded
        room = getattr(network.config.get_text_config(), "max_position_embeddings", None)
        tokens = max(map(len, prompts)) + at_least("max_new_tokens", max_new_tokens, 1)
        if room and tokens > room:
            raise OptionError(
                f"max_new_tokens={max_new_tokens} and a prompt of {tokens - max_new_tokens} tokens "
                f"are more than the {room} that {self.name} has room for; shorten one of them"
            )
        ends = network.generation_config.eos_token_id
        return Texts(
            tokenizer,
            prompts,
            max_new_tokens=max_new_tokens,
            temperature=number("temperature", temperature),
            stop=stop_strings(stop),
            seed=at_least("seed", seed, 0),
            ends={tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])},
            **settings,
        )

    def _decoded(self, texts: Texts) -> list[Reply]:
        for _ in decode(self._loaded[1], texts):
            pass
        return [texts.reply(row) for row in range(len(texts.written))]

    def _pieces(self, texts: Texts) -> Iterator[str]:
        shown = ""
        for _ in decode(self._loaded[1], texts):
            # A character of several tokens is whole with the last of them.
            if not (text := texts.text(0)).endswith("\N{REPLACEMENT CHARACTER}"):
                yield text[len(shown) :]
                shown = text
        yield texts.text(0)[len(shown) :]


def _sentence(text: str) -> str:
    """Return a text up to its first line break or the end of its first sentence."""
    line = text.split("\n")[0]
    ends = (line.find(mark) + 1 for mark in STOPS if mark in line)
    return line[: min(ends, default=None)].rstrip()


def _adapted(network: Any, folder: Path) -> Any:
    """Add an adapter's weights to a network's."""
    from peft import PeftModel

    with warnings.catch_warnings():
        # peft asks transformers in a way that will be renamed.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return PeftModel.from_pretrained(network, str(folder)).merge_and_unload()


def _too_large(model: LocalModel) -> DeviceError:
    free, total = (number / 2**30 for number in torch.cuda.mem_get_info())
    return DeviceError(
        f"{model!r} does not fit the card, of which {free:.3g} of {total:.3g} GiB are free. Free "
        f"some, raise {VARIABLE}, use a smaller model, or device='cpu'."
    )
