import re

import pytest
import torch

from workbench import device
from workbench.compute.encoder import Encoder
from workbench.device import Device
from workbench.errors import DeviceError
from workbench.language import sizing
from workbench.language.local import LocalModel

ENDINGS = ["a crime film", "a good choice", "for the weekend", "to watch tonight"]
WORDS = dict.fromkeys(ENDINGS, True) | {"and": False}


@pytest.fixture(scope="module")
def model():
    return LocalModel(device="cpu")


def test_name_and_device(model):
    assert model.name == "SmolLM2-135M-Instruct"
    assert model.device.kind == "cpu"


def test_model_keeps_to_its_phrases_and_ends_the_sentence(model):
    ((one, two),) = model.complete(["Heat is"], samples=2, phrases=[WORDS], seed=1)
    for text, fluency in (one, two):
        assert re.fullmatch(f"(,? (and|{'|'.join(ENDINGS)}))+[.]", text)
        assert fluency < 0


def test_greedy_text_does_not_depend_on_the_batch(model):
    """Left padding, and prompts read once for several samples, must not change the words."""
    short, long = (
        "The capital of France is",
        "Once upon a time in the west, the capital of Italy is",
    )
    alone = model.complete([short], temperature=0, max_new_tokens=5)
    beside = model.complete([short, long], samples=2, temperature=0, max_new_tokens=5)
    assert [c.text for c in beside[0]] == [alone[0][0].text] * 2
    assert "Paris" in alone[0][0].text


def test_it_says_what_numbers_it_computes_in(model):
    assert repr(model) == "SmolLM2-135M-Instruct · float32 · CPU"
    assert model._loaded[1].dtype == torch.float32


def test_where_memory_is_short_batches_are_halved(model, monkeypatch):
    prompts = [f"The {word} film is" for word in ("first", "next", "best", "last", "new")]
    expected = model.complete(prompts, samples=2, temperature=0, max_new_tokens=3)
    sizes = []
    generate = model._generate

    def short_of_memory(prompts, *arguments):
        sizes.append(len(prompts))
        if len(prompts) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return generate(prompts, *arguments)

    monkeypatch.setattr(model, "_generate", short_of_memory)
    monkeypatch.setattr(sizing, "ON_CPU", 16)
    found = model.complete(prompts, samples=2, temperature=0, max_new_tokens=3)
    assert [[c.text for c in own] for own in found] == [[c.text for c in own] for own in expected]
    assert sizes == [5, 4, 2, 2, 1]


def test_where_one_prompt_does_not_fit_the_error_says_what_to_do(model, monkeypatch):
    def no_memory(*arguments):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(model, "_generate", no_memory)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (2**30, 2**33))
    with pytest.raises(DeviceError, match=r"float32.*of which 1 of 8 GiB are free.*device='cpu'"):
        model.complete(["a"])


def test_a_card_that_torch_does_not_see_is_not_used(monkeypatch):
    """CuPy may see one where PyTorch is built for the CPU: writing was an AssertionError."""
    monkeypatch.setattr(device, "_probe_gpu", lambda: (Device("gpu", "a card"), ""))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert LocalModel(device="auto").device.kind == "cpu"
    with pytest.raises(DeviceError, match=r"PyTorch sees no card; install its build for CUDA"):
        LocalModel(device="gpu")
    assert Encoder(device="auto").device.kind == "cpu"
    with pytest.raises(DeviceError, match="PyTorch sees no card"):
        Encoder(device="gpu")


@pytest.mark.gpu
def test_a_card_writes_in_its_own_numbers():
    on_card = LocalModel(device="gpu")
    ((written,),) = on_card.complete(["The capital of France is"], temperature=0, max_new_tokens=5)
    assert "Paris" in written.text
    capability = torch.cuda.get_device_capability()
    assert on_card.dtype == ("bfloat16" if capability >= (8, 0) else "float16")
    assert on_card._loaded[1].dtype == getattr(torch, on_card.dtype)
    assert on_card._batch(["a"], 24) == sizing.ON_CARD
