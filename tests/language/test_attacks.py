"""Texts written to deceive the grounding check, and good copy that it must not refuse."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

import workbench as wb
from workbench.language.copy.item_evidence import Catalogue
from workbench.language.grounding.check import check, goods_of

SET = tomllib.loads(Path(__file__).with_name("attacks.toml").read_text("utf-8"))
DATA = {name: wb.load(name) for name in ("shop", "movielens-small")}


def texts(kind):
    """Every text of a kind, with what it is held against."""
    for group in SET[kind]:
        world, language = SET["world"][group["world"]], group.get("language", "en")
        catalogue = Catalogue(DATA[world.get("data", "shop")], language=language)
        row = world["row"] if "row" in world else catalogue.row(world["item"])
        evidence = [held(catalogue, world, own) for own in world["evidence"]]
        because = [catalogue.name(e, goods_of(row)) for e in evidence if "item_id" in e]
        title = catalogue.name(row, goods_of(row))
        for text in group["texts"]:
            text = text.replace("{t}", title).replace("{b}", because[0] if because else "")
            yield text, row, evidence, language


def held(catalogue, world, own):
    if "item" not in own:
        return own
    stated = catalogue.evidence(None, world["item"], [(own["item"], 1.0)])[0]
    return stated | {key: value for key, value in own.items() if key != "item"}


def test_the_set_is_large():
    size = Counter((kind, one[3]) for kind in ("attack", "true") for one in texts(kind))
    assert size["attack", "en"] >= 750
    assert size["attack", "zh"] >= 200
    assert size["true", "en"] + size["true", "zh"] >= 120


@pytest.mark.parametrize(("kind", "sound"), [("attack", False), ("true", True), ("limit", True)])
def test_what_nothing_supports_is_refused_and_good_copy_is_not(kind, sound):
    found = {
        text: list(map(str, check(text, row, evidence, language=language)))
        for text, row, evidence, language in texts(kind)
    }
    assert {text: reasons for text, reasons in found.items() if (not reasons) != sound} == {}
