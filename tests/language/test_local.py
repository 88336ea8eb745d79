import re

import pytest

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
    ((one, two),) = model.generate(["Heat is"], samples=2, phrases=[WORDS], seed=1)
    for text, fluency in (one, two):
        assert re.fullmatch(f"(,? (and|{'|'.join(ENDINGS)}))+[.]", text)
        assert fluency < 0


def test_greedy_text_does_not_depend_on_the_batch(model):
    """Left padding, and prompts read once for several samples, must not change the words."""
    short, long = (
        "The capital of France is",
        "Once upon a time in the west, the capital of Italy is",
    )
    alone = model.generate([short], temperature=0, max_new_tokens=5)
    beside = model.generate([short, long], samples=2, temperature=0, max_new_tokens=5)
    assert [c.text for c in beside[0]] == [alone[0][0].text] * 2
    assert "Paris" in alone[0][0].text
