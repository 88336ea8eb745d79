"""Pool mode: lines a second, and what is wrong with a thousand of them.

    .venv/bin/python benchmarks/pool.py [--runs 3]

movielens-small and the shop, item-based neighbours, ten items for everybody, the pools that ship.
Speed is over all lists, evidence and all, on one core and in seconds of the processor, after an
untimed call. The rest is of the first hundred users: faults found by the checker, lines that name
their item and an item of the evidence, first clauses that come again in a list, and distinct pairs
of words (distinct-2) beside the hand-written patterns for the same lists.
"""

from itertools import pairwise

import harness
import jieba
from harness import clock, say, table

import workbench as wb
from workbench.columns import Columns
from workbench.language import Pool
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.selection import first_clause
from workbench.language.grounding.check import check
from workbench.language.grounding.item_facts import goods_of

SECTION = "pool"
CASES = (("movielens-small", "en"), ("shop", "en"), ("movielens-small", "zh"), ("shop", "zh"))
USERS = 100  # a thousand lines
HEAD = {
    "lines": "lines",
    "rate": "lines/CPU s",
    "read": "lines looked at",
    "pool": "from the pool",
    "faults": "faults",
    "item": "item named",
    "evidence": "evidence named",
    "again": "first clauses again",
    "distinct": "distinct-2",
    "patterns": "distinct-2, patterns",
}


def measure(name, language, runs):
    """Figures of a data set in a language."""
    ds = wb.load(name)
    recs = wb.ItemKNN().fit(ds).recommend(users=list(ds.user_ids), n=10)
    pool = Pool.shipped(language)
    pool.fill(recs, ds, language=language)
    seconds = min(clock(lambda: pool.fill(recs, ds, language=language))[1] for _ in range(runs))
    few = recs[recs[Columns.USER].isin(ds.user_ids[:USERS])]
    copy = pool.fill(few, ds, language=language)
    patterns = Pool([]).fill(few, ds, language=language)
    return {
        "lines": len(recs),
        "rate": len(recs) / seconds,
        "read": len(copy),
        "pool": float((copy[Columns.SOURCE] == "pool").mean()),
        **read(copy, EvidenceReader(ds, language=language)),
        "distinct": distinct(copy[Columns.TEXT], language),
        "patterns": distinct(patterns[Columns.TEXT], language),
    }


def read(copy, catalogue):
    """Faults, and shares of lines that name their item and their evidence."""
    faults = item = evidence = 0
    clauses = []
    for line in copy.itertuples():
        row = catalogue.row(line.item_id)
        goods = goods_of(row)
        faults += bool(check(line.text, row, line.evidence, language=catalogue.language))
        item += catalogue.name(row, goods) in line.text
        others = [catalogue.name(e, goods, dated=False) for e in line.evidence]
        evidence += any(other in line.text for other in others)
        bare = line.text
        for title in (catalogue.name(row, goods), *others):
            bare = bare.replace(title, "-")
        clauses.append((line.user_id, first_clause(bare)))
    again = len(clauses) - len(set(clauses))
    shares = {"item": item / len(copy), "evidence": evidence / len(copy)}
    return {"faults": faults, **shares, "again": again}


def distinct(texts, language):
    """Different pairs of neighbouring words as a share of all pairs."""
    split = jieba.lcut if language == "zh" else str.split
    words = [split(text) for text in texts]
    pairs = [pair for own in words for pair in pairwise(own)]
    return len(set(pairs)) / len(pairs)


def markdown():
    """The table of what was measured."""
    held = harness.load()["sections"].get(SECTION, {})
    rows = [[*key.split(" · "), *(found[name] for name in HEAD)] for key, found in held.items()]
    return harness.caption() + "\n\n" + table(["data", "language", *HEAD.values()], rows)


def main():
    arguments = harness.parser(__doc__).parse_args()
    for name, language in () if arguments.markdown else CASES:
        say(f"{name}, {language}")
        harness.save(SECTION, f"{name} · {language}", measure(name, language, arguments.runs))
    print(markdown())


if __name__ == "__main__":
    main()
