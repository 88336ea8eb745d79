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
from workbench.language.llm import decoding, embedded_model, model_memory
from workbench.language.llm.backend import Message, Reply
from workbench.language.llm.sampling import Sampling, cut_at, stream_until

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
        self, model: str | Path | None = None, *, device: str = "auto", adapter: Path | None = None
    ) -> None:
        self.device = resolve_for_torch(device)
        capability = torch.cuda.get_device_capability() if self.device.kind == "gpu" else None
        self.dtype = model_memory.number_format(capability)
        self._model, self._adapter = model, adapter

    def __repr__(self) -> str:
        return f"{self.name} · {self.dtype} · {self.device.kind.upper()}"

    @property
    def name(self) -> str:
        """Name to show beside what the model wrote."""
        name = embedded_model.NAME if self._model is None else Path(self._model).name
        return f"{name} + {self._adapter.name}" if self._adapter else name

    @cached_property
    def tokenizer(self) -> Any:
        """The model's tokenizer, of transformers."""
        return self._load(AutoTokenizer.from_pretrained)

    @cached_property
    def network(self) -> Any:
        """The model's network, of transformers, where it runs."""
        network = self._load(
            lambda source: _adapted(
                AutoModelForCausalLM.from_pretrained(source, dtype=getattr(torch, self.dtype)),
                self._adapter,
            )
        )
        try:
            return network.eval().to("cuda" if self.device.kind == "gpu" else "cpu")
        except torch.OutOfMemoryError as error:
            raise self._too_large() from error

    def _load(self, read: Callable[[Any], Any]) -> Any:
        source = embedded_model.embedded_model() if self._model is None else self._model
        try:
            return read(source)
        except (OSError, ValueError, RuntimeError) as error:
            message = f"The language model {str(source)!r} does not load: {error}"
            raise ModelFileError(message) from error

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
        sampling = Sampling(samples, max_new_tokens, temperature, stop, seed)
        prompts = [self._chat(messages) for messages in conversations]
        return self._write(prompts, sampling, lambda text: cut_at(text, stop), progress)

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
        sampling = Sampling(1, max_new_tokens, temperature, stop, seed)
        return stream_until(self._pieces(self._batch([self._chat(messages)], sampling)), stop)

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
        sampling = Sampling(samples, max_new_tokens, temperature, STOPS, seed)
        tokens = [self.tokenizer(prompt).input_ids for prompt in prompts]
        return self._write(tokens, sampling, _first_sentence, progress)

    def batch_size(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> int:
        """Sequences at a time; on a card, as many as its free memory holds."""
        if self.device.kind == "cpu" or not prompts:
            return model_memory.ON_CPU
        config, itemsize = self.network.config.get_text_config(), self.network.dtype.itemsize
        longest = max(map(len, prompts)) + max_new_tokens
        each = model_memory.bytes_a_sequence(config, longest, itemsize)
        torch.cuda.empty_cache()
        return model_memory.batch(fraction() * torch.cuda.mem_get_info()[0], each)

    def _chat(self, messages: Sequence[Message]) -> list[int]:
        if not self.tokenizer.chat_template:
            raise ModelFileError(
                f"{self.name} has no chat template, so it takes no conversations. Use a model "
                "made for instructions (its name often ends in Instruct or Chat), or `complete`."
            )
        try:
            text = self.tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=True
            )
        except Exception as error:  # of the template's own: a role it does not know, an order
            raise DataError(f"{self.name}'s chat template refuses the messages: {error}") from error
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _write(
        self,
        prompts: Sequence[list[int]],
        sampling: Sampling,
        finish: Callable[[str], str],
        progress: bool,
    ) -> list[list[Reply]]:
        # Longest first: a batch of like lengths is little padded, and one too large shows at once.
        order = sorted(range(len(prompts)), key=lambda place: -len(prompts[place]))
        samples = sampling.samples
        size = max(1, self.batch_size(prompts, sampling.max_new_tokens) // samples)
        written: dict[int, list[Reply]] = {}
        with tqdm(total=len(prompts), desc=f"{self.name} writes", disable=not progress) as bar:
            while len(written) < len(prompts):
                part = order[len(written) : len(written) + size]
                batch = self._batch([prompts[place] for place in part], sampling)
                try:
                    rows = decoding.replies(self.network, batch)
                except torch.OutOfMemoryError as error:
                    if size == 1:
                        raise self._too_large() from error
                    size //= 2
                    continue
                except KeyboardInterrupt as interrupt:
                    if not written:
                        raise
                    raise InterruptedWriting(
                        [written.get(place, []) for place in range(len(prompts))]
                    ) from interrupt
                rows = [reply._replace(text=finish(reply.text)) for reply in rows]
                by_prompt = (rows[j : j + samples] for j in range(0, len(rows), samples))
                written |= zip(part, by_prompt, strict=True)
                bar.update(len(part))
        return [written[place] for place in range(len(prompts))]

    def _batch(self, prompts: Sequence[list[int]], sampling: Sampling) -> decoding.TextBatch:
        network, new = self.network, sampling.max_new_tokens
        room = getattr(network.config.get_text_config(), "max_position_embeddings", None)
        longest = max(map(len, prompts))
        if room and longest + new > room:
            raise OptionError(
                f"max_new_tokens={new} and a prompt of {longest} tokens "
                f"are more than the {room} that {self.name} has room for; shorten one of them"
            )
        ends = network.generation_config.eos_token_id
        end_tokens = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        return decoding.TextBatch(self.tokenizer, prompts, end_tokens, sampling)

    def _pieces(self, batch: decoding.TextBatch) -> Iterator[str]:
        shown = ""
        for _ in decoding.decode(self.network, batch):
            # A character of several tokens is whole with the last of them.
            if not (text := batch.text(0)).endswith("\N{REPLACEMENT CHARACTER}"):
                yield text[len(shown) :]
                shown = text
        yield batch.text(0)[len(shown) :]

    def _too_large(self) -> DeviceError:
        free, total = (number / 2**30 for number in torch.cuda.mem_get_info())
        return DeviceError(
            f"{self!r} does not fit the card, of which {free:.3g} of {total:.3g} GiB are free. "
            f"Free some, raise {VARIABLE}, use a smaller model, or device='cpu'."
        )


def _first_sentence(text: str) -> str:
    """Return a text up to its first line break or the end of its first sentence."""
    line = text.split("\n")[0]
    ends = (line.find(mark) + 1 for mark in STOPS if mark in line)
    return line[: min(ends, default=None)].rstrip()


def _adapted(network: Any, adapter: Path | None) -> Any:
    """Add an adapter's weights, if there is one, to a network's."""
    if adapter is None:
        return network
    from peft import PeftModel

    with warnings.catch_warnings():
        # peft asks transformers in a way that will be renamed.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return PeftModel.from_pretrained(network, str(adapter)).merge_and_unload()
