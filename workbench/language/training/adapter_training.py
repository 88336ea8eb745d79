"""Teaches the embedded model to write lines of copy, with peft, by the sentences of ``lines.toml``.

``python -m workbench.language.training.adapter_training --help``; needs
the extra ``language``. An interrupted run goes on from its last checkpoint when started again. Only
what follows the opening is learnt: the opening itself is given at training as it is at writing.
"""

import argparse
import random
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from workbench.language.copy.brief.settings import shipped, texts
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import TONES
from workbench.language.copy.prompts import opened_prompt
from workbench.language.copy.slots import fill, with_article
from workbench.language.grounding.lexicon import lexicon
from workbench.language.llm.adapter import FOLDER
from workbench.language.llm.embedded_model import embedded_model

KINDS = ("line", "line", "line", "push", "why", "title")  # of text, whose openings are learnt
SITUATIONS = ("liked", "own", "similar", "popular", "attribute", "none")
NOT_LEARNT = -100  # label that the loss leaves out
CHECKPOINT = 25  # steps
RANK = 12
LAYERS = ["q_proj", "v_proj", "o_proj", "down_proj"]


class Example(NamedTuple):
    """A prompt, and how its sentence goes on."""

    prompt: str
    continuation: str


def examples(lines: dict[str, Any], count: int, seed: int) -> list[Example]:
    """Draw sentences of ``lines.toml`` about goods that do not exist, films and shop in turns."""
    draws = _film(lines, random.Random(seed)), _goods(lines, random.Random(seed + 1))
    return [next(draws[i % 2]) for i in range(count)]


def _film(lines: dict[str, Any], rng: random.Random) -> Iterator[Example]:
    called = lexicon()["en"]["kinds"]
    known = list(called)
    while True:
        genres = rng.sample(known, rng.choice([1, 1, 2, 2, 3]))
        shown = rng.sample(genres, min(len(genres), 2))
        kind = _kind(sorted(shown, key=known.index), called, rng)
        others = [mood for genre in genres for mood in called[genre][2]]
        moods = [mood for mood in others if mood[:5] not in kind]
        slots = {"kind": kind, "a_kind": with_article(kind), "mood": rng.choice([*moods, ""])}
        title = f"{_title(lines, rng)} ({rng.randint(1935, 2016)})"
        facts = ", ".join(sorted(genres))
        if example := _example("film", "", facts, title, _title(lines, rng), slots, lines, rng):
            yield example


def _kind(genres: list[str], called: dict[str, Any], rng: random.Random) -> str:
    """Name one or two genres in words: the first is the noun, unless both begin alike."""
    noun = rng.choice(called[genres[0]][0])
    trait = rng.choice(called[genres[-1]][1])
    return noun if len(genres) == 1 or trait.split()[0] in noun else f"{trait} {noun}"


def _goods(lines: dict[str, Any], rng: random.Random) -> Iterator[Example]:
    while True:
        goods, other = rng.sample(lines["goods"], 2)
        purpose = rng.choice([*goods["uses"] * 3, ""])
        slots = {"area": goods["genres"][0].lower(), "use": purpose[:1].lower() + purpose[1:-1]}
        title, because = (
            f"“{name}”" if "," in name else name
            for name in (rng.choice(goods["names"]), rng.choice(other["names"]))
        )
        facts = "; ".join(filter(None, [", ".join(goods["genres"]), purpose]))
        if example := _example("shop", _begins(purpose), facts, title, because, slots, lines, rng):
            yield example


def _begins(purpose: str) -> str:
    first = purpose.split()[0].lower() if purpose else "area"
    if first in ("area", "for"):
        return first
    return "noun" if first in ("a", "an") else "verb" if first.endswith("s") else "trait"


def _example(
    goods: str, begins: str, facts: str, title: str, because: str, slots: dict[str, str],
    lines: dict[str, Any], rng: random.Random,
) -> Example | None:  # fmt: skip
    tone, kind = rng.choice(TONES), rng.choice(KINDS)
    situation = rng.choice([*SITUATIONS, *(["bought"] * (goods == "shop"))])
    pattern = rng.choice(_openings(kind, situation, goods, tone) or ["{title}"])
    cell = lines[goods][tone]["subject" if lacks_verb(pattern) else "object"]
    line = rng.choice(cell[begins] if begins else cell)
    if pattern[-1] == ":" and line.startswith(("and ", "which ")):
        return None
    if (continuation := fill(line, slots)) is None:
        return None
    value = rng.choice(lines["goods"])["genres"][0].lower()
    opening = pattern.format(title=title, because=because, value=value)
    return Example(opened_prompt(facts, opening, tone), f" {continuation}")


def lacks_verb(opening: str) -> bool:
    """Say whether an opening ends on its subject: "After A, B" does, "People chose B," does not."""
    aside = opening.startswith("{title},") and opening.endswith(",")
    return aside or opening.endswith(("{title}", " it"))


def _openings(kind: str, situation: str, goods: str, tone: str) -> list[str]:
    if kind == "line":
        return texts(shipped("hand_written_openings")["en"], situation, tone, goods)
    return texts(format_named(kind).openings["en"], situation, tone)


def _title(lines: dict[str, Any], rng: random.Random) -> str:
    words = {k: rng.choice(v.split()) for k, v in lines["titles"].items() if k != "forms"}
    return rng.choice(lines["titles"]["forms"]).format(**words)


def train(
    model: Path | str, lines: Path, checkpoints: Path, output: Path,
    *, steps: int, batch: int, rate: float, seed: int,
) -> None:  # fmt: skip
    """Train an adapter for a model whose layers are named as Llama's; write it in half precision.

    What the folder of checkpoints has already is gone on from; `output` gets
    ``adapter_config.json`` and ``adapter_model.safetensors``. A step has `batch` sentences, and the
    learning rate falls to 0 by a cosine.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(model)
    drawn = examples(tomllib.loads(lines.read_text(encoding="utf-8")), steps * batch, seed)
    torch.manual_seed(seed)
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    adapted = get_peft_model(
        network,
        LoraConfig(
            r=RANK, lora_alpha=2 * RANK, target_modules=LAYERS, lora_dropout=0.05,
            task_type="CAUSAL_LM",
        ),
    )  # fmt: skip
    trainer = Trainer(
        adapted,
        TrainingArguments(
            str(checkpoints), max_steps=steps, per_device_train_batch_size=batch,
            learning_rate=rate, lr_scheduler_type="cosine", warmup_steps=steps // 20, seed=seed,
            save_steps=CHECKPOINT, save_total_limit=2, logging_steps=CHECKPOINT, report_to="none",
        ),
        train_dataset=[_tokens(example, tokenizer) for example in drawn],
        data_collator=_collated(tokenizer.eos_token_id),
    )  # fmt: skip
    trainer.train(resume_from_checkpoint=any(checkpoints.glob("checkpoint-*")))
    adapted.peft_config["default"].base_model_name_or_path = Path(model).name
    adapted.half().save_pretrained(str(output), save_embedding_layers=False)


def _tokens(example: Example, tokenizer: Any) -> dict[str, list[int]]:
    prompt = tokenizer(example.prompt)["input_ids"]
    written = [*tokenizer(example.continuation)["input_ids"], tokenizer.eos_token_id]
    return {"input_ids": prompt + written, "labels": [NOT_LEARNT] * len(prompt) + written}


def _collated(padding: int) -> Any:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    def collate(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        ids, labels = (
            pad_sequence([torch.tensor(row[name]) for row in rows], True, value)
            for name, value in (("input_ids", padding), ("labels", NOT_LEARNT))
        )
        lengths = torch.tensor([len(row["input_ids"]) for row in rows])
        mask = torch.arange(ids.shape[1]) < lengths[:, None]
        return {"input_ids": ids, "labels": labels, "attention_mask": mask.long()}

    return collate


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="by default the embedded one")
    parser.add_argument("--lines", type=Path, default=FOLDER / "lines.toml")
    parser.add_argument("--checkpoints", type=Path, default=Path("adapter-checkpoints"))
    parser.add_argument("--output", type=Path, default=FOLDER)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    options = vars(parser.parse_args())
    train(**options | {"model": options["model"] or embedded_model()})


if __name__ == "__main__":
    main()
