import re
import tomllib

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from workbench.language.copy.brief.voice import TONES
from workbench.language.grounding.check import check
from workbench.language.llm.adapter import FOLDER
from workbench.language.training import adapter_training

LINES = tomllib.loads((FOLDER / "lines.toml").read_text(encoding="utf-8"))
TAUGHT = adapter_training.examples(LINES, 400, seed=0)


def test_the_same_seed_draws_the_same_sentences():
    assert adapter_training.examples(LINES, 50, seed=0) == TAUGHT[:50]
    assert adapter_training.examples(LINES, 50, seed=1) != TAUGHT[:50]


def test_every_line_that_is_taught_passes_the_check():
    for prompt, continuation in TAUGHT:
        tone, facts, opening = re.fullmatch(r"(\w+) <(.*)>\n(.*)", prompt).groups()
        assert tone in TONES
        genres, _, use = facts.partition("; ")
        is_film = re.search(r"\((19|20)\d\d\)", opening)
        row = {"title": "Zyx Qua", "genres": genres.split(", ")}
        row |= {"year": 1990} if is_film else {"description": use, "price": 1.0}
        named = "Zyx Qua (1990)" if is_film else "Zyx Qua"
        pattern = opening if opening[-1] in ",:" else "{title}"
        head = "" if adapter_training.lacks_verb(pattern) else " is found right here,"
        found = check(f"{named}{head}{continuation}", row, [])
        # A line may say again what the goods' own use says; the copywriter then drops it.
        assert {reason.code for reason in found} <= {"repetition"}, continuation


@pytest.mark.parametrize(
    ("pattern", "lacks"),
    [
        ("After {because}, {title}", True),
        ("{title}, after {because},", True),
        ("People with your taste chose {title}, it", True),
        ("Many people chose {title},", False),
        ("{title} is popular here,", False),
        ("{title}, after {because}:", False),
    ],
)
def test_an_opening_lacks_its_verb_or_has_it(pattern, lacks):
    assert adapter_training.lacks_verb(pattern) is lacks


def test_goods_are_described_by_their_use():
    drawn = adapter_training.examples(LINES, 2000, seed=0)
    of_cans = [e.continuation for e in drawn if "Pours without a splash" in e.prompt]
    assert of_cans
    assert all("pours without a splash" in line for line in of_cans)


def test_each_tone_has_words_of_its_own():
    of_tone = {
        tone: {word for e in TAUGHT if e.prompt.startswith(tone) for word in e.continuation.split()}
        for tone in TONES
    }
    assert "lovely" in of_tone["warm"] - of_tone["plain"] - of_tone["playful"]
    assert "option" in of_tone["plain"] - of_tone["warm"] - of_tone["playful"]
    assert "popcorn." in of_tone["playful"] - of_tone["plain"]


@pytest.fixture
def tiny(tmp_path):
    """A model of 2 layers with random weights: what is learnt is another matter."""
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "</s>": 1}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="</s>")
    tokenizer.save_pretrained(tmp_path / "model")
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=8, num_hidden_layers=2, **shape)
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "model")
    return tmp_path


def test_an_interrupted_run_goes_on_to_the_same_adapter(tiny, monkeypatch):
    def run(name, checkpoints="again", steps=4):
        adapter_training.train(
            tiny / "model", FOLDER / "lines.toml", tiny / checkpoints, tiny / name,
            steps=steps, batch=2, rate=1e-2, seed=0,
        )  # fmt: skip
        return load_file(tiny / name / "adapter_model.safetensors")

    monkeypatch.setattr(adapter_training, "CHECKPOINT", 2)
    whole = run("whole", "once")
    assert {tensor.dtype for tensor in whole.values()} == {torch.float16}

    class Cut(Exception):
        pass

    seen = []
    tokens = adapter_training._collated

    def cut(padding):
        collate = tokens(padding)

        def stop_at_the_fourth(rows):
            seen.append(rows)
            if len(seen) == 4:
                raise Cut
            return collate(rows)

        return stop_at_the_fourth

    monkeypatch.setattr(adapter_training, "_collated", cut)
    with pytest.raises(Cut):
        run("cut")
    monkeypatch.setattr(adapter_training, "_collated", tokens)
    again = run("again")
    assert whole.keys() == again.keys()
    assert all(torch.equal(whole[name], again[name]) for name in whole)
