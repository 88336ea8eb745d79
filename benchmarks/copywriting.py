"""Copy measured: what it claims, names and repeats, and 100 lines to be read by eye.

    .venv/bin/python benchmarks/copywriting.py --parts movielens-small shop chinese pool

Lists of ten by ItemKNN for users drawn with a fixed seed: 200 lines a data set by the embedded
model, 1,000 Chinese lines offline, and with `pool` 1,000 lines a data set in pool mode. Beside them
stand hand-written patterns for the same recommendations. Of the model's parts 50 lines each are
drawn, with a fixed seed too, into copy_lines.csv, to be judged there; a verdict stays with its line
until that changes.
"""

import argparse
import json
from pathlib import Path

import harness
import numpy as np
import pandas as pd
from harness import say, table

import workbench as wb

SECTION = "copywriting"
LINES = Path(__file__).with_name("copy_lines.csv")
SEED = 20_261_122  # of the users and of the lines to be read; fixed before anything was written
READ = 50  # lines of a part
LENGTH = 10
PARTS = {
    "movielens-small": ("movielens-small", "en", 200, {}),
    "shop": ("shop", "en", 200, {}),
    "chinese": ("shop", "zh", 1000, {}),
    "pool": ("movielens-small", "en", 1000, {"mode": "pool"}),
    "pool, shop": ("shop", "en", 1000, {"mode": "pool"}),
}
BY_EYE = ("movielens-small", "shop")
MEASURES = (
    "unsupported", "sound", "item_named", "evidence_named", "by_model", "repeated_clause",
    "repeated_ending", "fmr", "distinct_1", "distinct_2", "usr", "length",
)  # fmt: skip
FACTS = ("title", "year", "genres", "price", "brand", "description")
JUDGED = ("verdict", "supported_by", "note")
PROVENANCE = ["line", "item_id", "text", "evidence", "source", "raw", "prompt_hash", "seed"]
PLACE = ["part", "item_id", "text"]


def recommendations(ds, lines):
    """Lists of ten for users drawn at random, as many as there are for that many lines."""
    count = min(lines // LENGTH, len(ds.user_ids))
    users = np.random.default_rng(SEED).choice(ds.user_ids, count, replace=False)
    return wb.ItemKNN(k=50).fit(ds).recommend(users.tolist(), n=LENGTH)


def by_hand(recs, ds, language):
    """Patterns for the same recommendations: what a writer without a model writes."""
    writer = wb.Copywriter()
    writer._missing = True
    return writer.write(recs, ds, language=language)


def measure(name):
    source, language, lines, options = PARTS[name]
    ds = wb.load(source)
    recs = recommendations(ds, lines)
    say(f"{name}: {len(recs)} lines")
    wall, cpu, copy = harness.clock(
        lambda: wb.Copywriter(device="cpu").write(recs, ds, language=language, **options)
    )
    found = wb.evaluate_copy(copy, ds, language=language, metrics=MEASURES)
    patterns = wb.evaluate_copy(
        by_hand(recs, ds, language), ds, language=language, metrics="distinct_2"
    )
    values = found.frame().set_index("metric")[["value", "low", "high"]].astype(object)
    harness.save(
        SECTION,
        name,
        {
            "lines": len(copy),
            "wall": wall,
            "cpu": cpu,
            "sources": copy["source"].value_counts().to_dict(),
            "model": sorted(copy["model"].unique()),
            "measures": values.where(values.notna(), None).T.to_dict(),
            "patterns_distinct_2": patterns.frame()["value"].item(),
            "faults": found.lines["reasons"].explode().dropna().value_counts().to_dict(),
        },
    )
    if name in BY_EYE:
        draw(name, copy, ds)


def draw(name, copy, ds):
    """Put lines of a part among those to be read; verdicts stay with lines that are the same."""
    drawn = copy.sample(READ, random_state=SEED).sort_index().reset_index(names="line")
    items = ds.items.set_index("item_id").reindex(drawn["item_id"]).reset_index(drop=True)
    facts = items.reindex(columns=list(FACTS))
    read = pd.concat([drawn.reindex(columns=PROVENANCE), facts], axis=1).map(_cell)
    read.insert(0, "part", name)
    columns = [*read, *JUDGED]
    held = pd.DataFrame(columns=columns, dtype=str)
    if LINES.exists():
        held = pd.read_csv(LINES, dtype=str, keep_default_na=False)
    judged = held[[*PLACE, *JUDGED]].drop_duplicates(PLACE)
    read = read.merge(judged, how="left", on=PLACE)
    pd.concat([held[held["part"] != name], read])[columns].to_csv(LINES, index=False)


def _cell(value):
    if isinstance(value, list):
        plain = all(isinstance(one, str) for one in value)
        return "|".join(value) if plain else json.dumps(value, ensure_ascii=False, default=str)
    return "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)


def markdown():
    """All tables, from what the file of results holds."""
    section = harness.load()["sections"].get(SECTION, {})
    parts = [name for name in PARTS if name in section]
    head = ["", *MEASURES, "distinct_2 of patterns", "lines", "CPU s a line"]
    rows = [_row(section[name]) for name in parts]
    columns = zip(head, *rows, strict=True)
    blocks = [harness.caption(), table(["measure", *parts], list(columns)[1:]), _verdicts()]
    return "\n\n".join(block.rstrip() for block in blocks if block)


def _row(one):
    """Figures of a part, three digits each: those of variety are small."""
    found = [one["measures"].get(name) for name in MEASURES]
    values = [held and _brief(**held) for held in found]
    rest = [f"{one['patterns_distinct_2']:.3g}", one["lines"], f"{one['cpu'] / one['lines']:.3g}"]
    return ["", *values, *rest]


def _brief(value, low, high):
    return f"{value:.3g}" + ("" if low is None or low == high else f" ({low:.3g} to {high:.3g})")


def _verdicts():
    if not LINES.exists():
        return ""
    lines = pd.read_csv(LINES).fillna({"verdict": "not judged yet"})
    counted = pd.crosstab(lines["part"], lines["verdict"])
    return table(["by eye", *counted.columns], counted.reset_index().to_numpy().tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS)[:3])
    parser.add_argument("--markdown", action="store_true", help="print what results.json holds")
    arguments = parser.parse_args()
    if not arguments.markdown:
        for name in arguments.parts:
            measure(name)
    print(markdown())


if __name__ == "__main__":
    main()
