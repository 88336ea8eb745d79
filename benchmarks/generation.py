"""Candidates a second: the embedded model in batches, beside plain calls of a pipeline.

    .venv/bin/python benchmarks/generation.py --size small|medium|large

A candidate is an answer of at most 24 tokens to instructions and an item's facts: temperature 0.7,
the 50 likeliest tokens, of them 0.95. Plain is `pipeline("text-generation")` of transformers, a
call a candidate, with the same network in the same process, numbers, conversations and settings.
Asked for a paragraph, it ends few texts early: the tokens written tell how many.
"""

from functools import partial
from importlib.metadata import version
from unittest.mock import patch

import harness
from harness import interleaved, peak_beyond, say, table
from transformers import pipeline

import workbench as wb
from workbench.language.llm.decoding import TOP_K, TOP_P
from workbench.language.llm.local_model import LocalModel

SECTION = "generation"
CANDIDATES = {"small": 16, "medium": 32, "large": 128}
SAMPLES = 4
LENGTH = 24
PLAIN, EACH, SEVERAL, UNSHARED = (
    "pipeline, one by one",
    "batches, a sample of each prompt",
    f"batches, {SAMPLES} samples of each prompt",
    "batches, a sample of each, nothing shared",
)
RULES = (
    "You write a paragraph of a hundred words that recommends a film to a person. Name the film. "
    "Say nothing that the facts do not say: no actors, no prizes, no numbers. Do not greet."
)


def conversations(count):
    """Instructions that all share, and the facts of as many films."""
    items = wb.load("movielens-small").items
    facts = zip(items["title"], items["genres"], strict=True)
    texts = [f"Film: {title}. Genres: {', '.join(genres)}." for title, genres in facts if genres]
    return [
        [{"role": "system", "content": RULES}, {"role": "user", "content": text}]
        for text in texts[:count]
    ]


def measure(size, runs):
    asked = conversations(CANDIDATES[size])
    model = LocalModel(device="cpu")
    weights = peak_beyond(lambda: model.network)
    tokenizer, network = model.tokenizer, model.network
    settings = {"max_new_tokens": LENGTH, "temperature": 0.7}
    plain = pipeline("text-generation", model=network, tokenizer=tokenizer)
    sampling = {"do_sample": True, "top_k": TOP_K, "top_p": TOP_P, "return_full_text": False}

    def one_by_one():
        answers = (plain(messages, **settings, **sampling) for messages in asked)
        texts = [answer[0]["generated_text"] for answer in answers]
        return sum(map(len, tokenizer(texts, add_special_tokens=False).input_ids))

    def batches(samples=1):
        replies = model.generate(asked[: len(asked) // samples], samples=samples, **settings)
        return sum(reply.tokens for own in replies for reply in own)

    def unshared():
        with patch("workbench.language.llm.decoding.shared_length", lambda prompts: 0):
            return batches()

    plain(asked[0], **settings, **sampling)
    contenders = {PLAIN: one_by_one, EACH: batches, SEVERAL: lambda: batches(SAMPLES),
                  UNSHARED: unshared}  # fmt: skip
    peaks = {}

    def watched(name):
        tokens = []
        peaks[name] = peak_beyond(lambda: tokens.append(contenders[name]()))
        return tokens[0]

    say(f"{model!r}: {len(asked)} candidates")
    times, tokens = interleaved({name: partial(watched, name) for name in contenders}, runs)
    found = [
        {"how": name, "tokens": tokens[name], "peak_mb": peaks[name], **held}
        for name, held in times.items()
    ]
    packages = {name: version(name) for name in ("torch", "transformers")}
    harness.save(
        SECTION, size,
        {"runs": runs, "model": repr(model), "candidates": len(asked), "weights_mb": weights,
         "prompt_tokens": model.generate(asked[:1], max_new_tokens=1)[0][0].prompt_tokens,
         "contenders": found} | packages,
    )  # fmt: skip


def markdown():
    """The table, from what the file of results holds."""
    section = harness.load()["sections"].get(SECTION, {})
    sizes = [size for size in CANDIDATES if size in section]
    rows = [row for size in sizes for row in _rows(section[size])]
    notes = [_note(section[size]) for size in sizes]
    head = (
        "candidates", "how", "wall s", "CPU s", "candidates/s", "times the pipeline",
        "by CPU seconds", "tokens written", "peak MB beyond the weights",
    )  # fmt: skip
    return "\n\n".join(part.rstrip() for part in (harness.caption(), *notes, table(head, rows)))


def _rows(held):
    plain = held["contenders"][0]
    for one in held["contenders"]:
        ratios = [plain[clock] / one[clock] for clock in ("wall", "cpu")]
        rate = held["candidates"] / one["wall"]
        yield (held["candidates"], one["how"], one["wall"], one["cpu"], rate, *ratios,
               one["tokens"], one["peak_mb"])  # fmt: skip


def _note(held):
    return (
        f"{held['model']}, torch {held['torch']}, transformers {held['transformers']}; prompts of "
        f"about {held['prompt_tokens']} tokens; the weights take {held['weights_mb']:,.0f} MB."
    )


def main():
    arguments = harness.parser(__doc__).parse_args()
    if not arguments.markdown:
        measure(arguments.size, arguments.runs)
    print(markdown())


if __name__ == "__main__":
    main()
