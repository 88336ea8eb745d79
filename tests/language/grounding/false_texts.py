"""Texts written to deceive the check of facts, and good copy that it must not refuse.

``python -m tests.language.grounding.false_texts`` counts how many of each pass; another set, such
as an older one, is named behind it.
"""

import sys
import tomllib
from collections import Counter
from pathlib import Path

import workbench as wb
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.grounding.check import check
from workbench.language.grounding.item_facts import goods_of

SET = Path(__file__).with_suffix(".toml")
FALSE = ("attack", "limit")  # refused, and those that the check is known to pass


def verdicts(path=SET):
    """Yield every text: its kind ("attack", "limit", "true"), its language, why it is refused."""
    groups = tomllib.loads(Path(path).read_text("utf-8"))
    data = {name: wb.load(name) for name in ("shop", "movielens-small")}
    for kind in (*FALSE, "true"):
        for group in groups[kind]:
            world, language = groups["world"][group["world"]], group.get("language", "en")
            catalogue = EvidenceReader(data[world.get("data", "shop")], language=language)
            row = world["row"] if "row" in world else catalogue.row(world["item"])
            evidence = [stated(catalogue, world, each) for each in world["evidence"]]
            because = [catalogue.name(e, goods_of(row)) for e in evidence if "item_id" in e]
            title = catalogue.name(row, goods_of(row))
            for text in group["texts"]:
                text = text.replace("{t}", title).replace("{b}", because[0] if because else "")
                reasons = list(map(str, check(text, row, evidence, language=language)))
                yield kind, language, text, reasons


def stated(catalogue, world, evidence):
    """Fill in what the catalogue says of a piece of evidence that names an item."""
    if "item" not in evidence:
        return evidence
    row = catalogue.evidence(None, world["item"], [(evidence["item"], 1.0)])[0]
    return row | {key: value for key, value in evidence.items() if key != "item"}


def main(path=SET):
    """Print how many false texts pass, and how many true ones do not."""
    texts, passed = Counter(), Counter()
    for kind, _, _, reasons in verdicts(path):
        texts[kind in FALSE] += 1
        passed[kind in FALSE] += not reasons
    print(
        f"{passed[True]:,} of {texts[True]:,} false texts pass ({passed[True] / texts[True]:.1%})"
    )
    print(f"{texts[False] - passed[False]:,} of {texts[False]:,} true texts are refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
