"""Data that tries to steer the model, the page or the spreadsheet, through the real parts."""

import tomllib
import unicodedata
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from workbench.datasets import Dataset
from workbench.evidence import ByItem
from workbench.language import Copywriter
from workbench.language.copy import prompts
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.grounding.check import check
from workbench.panels.controls import cards
from workbench.strings import LANGUAGES, Strings
from workbench.words import clean

USER = "Alice Example"
HOSTILE = [
    item | {"text": item["text"] * item.get("times", 1)}
    for item in tomllib.loads(Path(__file__).with_name("hostile.toml").read_text("utf-8"))["item"]
]
LIGHT = "Soft light."
GOODS = {
    "shop": {"genres": ["Home", "Lighting"], "price": 59.0},
    "film": {"genres": ["Crime", "Drama"], "year": 1995.0},
}


def dataset(goods, hostile=HOSTILE):
    """A hostile item each, and for each an item of the history; both harmless elsewhere."""
    rows, history = [], []
    for number, item in enumerate(hostile):
        own = {"item_id": number, "title": f"Oak Lamp {number}", "description": LIGHT}
        before = {"item_id": 1000 + number, "title": f"Wool Rug {number}", "description": "Warm."}
        place, text = item["place"], item["text"]
        if place == "history":
            before["title"] = text
        else:
            own[place] = [text, "nice"] if place in ("review", "tags") else text
        rows.append(own | GOODS[goods])
        history.append(before | GOODS[goods])
    seen = [row["item_id"] for row in history]
    interactions = pd.DataFrame({"user_id": USER, "item_id": seen, "rating": 5.0})
    other = pd.DataFrame({"user_id": ["Bob Other"], "item_id": [seen[0]], "rating": [1.0]})
    return Dataset(pd.concat([interactions, other]), pd.DataFrame([*rows, *history]))


def recommendations(count):
    because = [[ByItem(1000 + number, 0.5)] for number in range(count)]
    return pd.DataFrame({"user_id": USER, "item_id": range(count), "because": because})


def assert_plain(text):
    assert {c for c in text if unicodedata.category(c)[0] == "C"} == set()


def assert_unmoved(copy, ds, language):
    """What is written needs no word of the hostile field: the titles alone come from outside."""
    catalogue = EvidenceReader(ds, language=language)
    for line in copy.itertuples():
        row = catalogue.row(line.item_id)
        harmless = {"title", "genres", "price", "year"}
        harmless |= {"description"} if row.get("description") == LIGHT else set()
        bare = {key: row[key] for key in row.keys() & harmless}
        assert check(line.text, bare, line.evidence, language=language) == [], ascii(line.text)
        assert clean(row["title"])[:40] in line.text
        assert_plain(line.text)
        assert USER not in line.text


def test_the_set_is_large_and_spread():
    kinds = Counter(item["kind"] for item in HOSTILE)
    assert len(HOSTILE) >= 60
    assert min(kinds.values()) >= 8
    assert sum(item["place"] != "title" for item in HOSTILE) >= len(HOSTILE) / 2
    for kind in kinds:
        assert {"title", "description", "history"} <= {
            item["place"] for item in HOSTILE if item["kind"] == kind
        }


@pytest.mark.parametrize("goods", GOODS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hand_written_lines_keep_their_rules(no_model, recwarn, goods, language):
    ds = dataset(goods)
    copy = Copywriter().write(recommendations(len(HOSTILE)), ds, language=language)
    assert len(copy) == len(HOSTILE)
    assert_unmoved(copy, ds, language)


def test_a_prompt_gives_the_data_one_fenced_line_and_the_opening():
    ds = dataset("shop")
    catalogue = EvidenceReader(ds)
    harmless = prompts.embedded_prompt(GOODS["shop"], "Oak Lamp", "warm")
    for number, item in enumerate(HOSTILE):
        row = catalogue.row(number) | {"genres": ["Home", clean(item["text"])]}
        opening = catalogue.name(row, "shop")
        text = prompts.embedded_prompt(row, opening, "warm")
        assert text.count("\n") == harmless.count("\n"), item
        fence, last = text.split("\n")[-2:]
        fence = fence.removeprefix("warm ")  # the tone that the embedded model is asked for
        assert (fence[0], fence[-1]) == ("<", ">")
        assert not set("<>") & {*fence[1:-1], *last}, item
        assert len(fence) < 450
        assert_plain(fence + last)
        if item["kind"] == "instruction" and item["place"] == "description":
            assert "Soft light" not in fence
            assert clean(item["text"], limit=20) not in fence


def test_the_model_keeps_its_rules_and_is_told_nothing_of_users(writer, monkeypatch):
    places = [("instruction", "title"), ("instruction", "history"), ("chat", "title")]
    places += [("chat", "history"), ("markup", "title"), ("slot", "history")]
    chosen = [next(i for i in HOSTILE if (i["kind"], i["place"]) == place) for place in places]
    ds = dataset("shop", chosen)
    sent = []
    send = prompts.embedded_prompt
    monkeypatch.setattr(prompts, "embedded_prompt", lambda *a: sent.append(send(*a)) or sent[-1])
    copy = writer.write(recommendations(len(chosen)), ds, seed=1)
    assert "model" in set(copy["source"])
    assert_unmoved(copy, ds, "en")
    assert len(sent) >= len(chosen)
    assert not any(name in text for text in sent for name in (*USER.split(), "Bob", "Other"))


class Elements(HTMLParser):
    """Collects what a browser would build of a page: its elements and their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, [name for name, _ in attributes]))

    def handle_endtag(self, tag):
        self.found.append((f"/{tag}", []))


def page(text):
    strings = Strings("en")
    return "".join(
        (
            cards.card(1, text, score=0.5, labels=[text], copy=text, why=text),
            cards.facts({text: text}),
            cards.heading(text, text),
            cards.tiles({text: text}),
            cards.error(text),
            cards.badge(strings, device=text, data_hash=text, seconds=1.0),
        )
    )


@pytest.mark.parametrize("item", HOSTILE, ids=lambda item: f"{item['kind']}-{item['place']}")
def test_a_card_is_built_of_its_own_elements_alone(item):
    shown = page(item["text"])
    assert Elements(shown).found == Elements(page("Lamp")).found
    assert_plain(shown.replace("\n", ""))
    assert len(shown) < 60_000
