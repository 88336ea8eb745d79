"""The similarity engine beside five libraries: time, memory, and whether all agree.

    .venv/bin/python benchmarks/similarity.py --size small|medium|large

small is movielens-small, medium 3.2M synthetic ratings, large 32M. Everybody starts from its input
in memory, and takes turns with the others; ours has one untimed run first, as what compiling costs
is reported by itself. Brute force is timed once, and at 32M on a sample of rows.
"""

import json
from functools import partial
from tempfile import TemporaryDirectory
from time import perf_counter

import harness
import numpy as np
import peers
from harness import clock, interleaved, peak_beyond, say, table

import workbench as wb

TOLERANCE = 2e-4  # of a score, which is at most 1: most peers sum in float32, see README.md
SAMPLE = 2_000  # rows of a brute-force search at 32M
SECTION = "similarity"
ITEMS, USERS = (("items", 20), ("items", 100)), (("users", 50),)
RACES = {"small": ITEMS + USERS, "medium": ITEMS + USERS, "large": ITEMS}
PARTS = ("race", "memory", "metrics", "first")
METRICS = {
    "cosine": {},
    "cosine, TF-IDF": {"weighting": "tfidf"},
    "jaccard": {"metric": "jaccard"},
    "msd": {"metric": "msd"},
    "asymmetric_cosine": {"metric": "asymmetric_cosine"},
    "adjusted_cosine": {"metric": "adjusted_cosine"},
    "pearson": {"metric": "pearson"},
    "cosine, of users": {"of": "users"},
}


def race(ds, of, k, *, runs, sampled):
    """Time everybody in turn, and compare what they found with ours."""
    say(f"{ds.name}: {of}, k={k}")
    matrix = peers.by_row(ds, of)
    n = matrix.shape[0]
    rows = systematic(matrix, SAMPLE) if sampled else None
    field = {
        name: make(ds, of, rows if name in peers.BRUTE else None)
        for name, make in peers.CONTENDERS.items()
    }
    field[peers.OURS].run(k)
    contenders = {name: partial(contender.run, k) for name, contender in field.items()}
    times, results = interleaved(contenders, runs, once=peers.BRUTE)
    found = {name: peers.ranked(field[name].read(result), n, k) for name, result in results.items()}
    lines = []
    for name, contender in field.items():
        part = 1.0 if contender.rows is None else len(contender.rows) / n
        line = {"name": name, **{what: time / part for what, time in times[name].items()}}
        if part < 1:
            line["rows"] = len(contender.rows)
        if name != peers.OURS:
            line["check"] = peers.agreement(found[peers.OURS], found[name], matrix, contender.rows)
        lines.append(line)
    whole = [line for line in lines if line["name"] != peers.OURS and "rows" not in line]
    fastest = min(whole, key=lambda line: line["wall"])
    ratios = {what: lines[0][what] / fastest[what] for what in ("wall", "cpu")}
    return {"of": of, "k": k, "fastest": fastest["name"], "ratios": ratios, "times": lines}


def systematic(matrix, count):
    """Every so many-th row by popularity, so that a sample costs what its share of all does."""
    by_popularity = np.argsort(-np.diff(matrix.indptr), kind="stable")
    return np.sort(by_popularity[np.linspace(0, len(by_popularity) - 1, count).astype(int)])


def metrics(ds, *, names, runs, k=20):
    """Time of every metric, in turn with cosine."""
    say(f"{ds.name}: metrics, k={k}")
    contenders = {
        name: partial(wb.similar, ds, k=k, device="cpu", progress=False, **METRICS[name])
        for name in names
    }
    for function in contenders.values():
        function()
    times, _ = interleaved(contenders, runs)
    return [
        {"name": name, **time, "ratio": time["wall"] / times["cosine"]["wall"]}
        for name, time in times.items()
    ]


def memory(size, races):
    """Peak of a process of its own for each contender that is not brute force, ours at each k."""
    found = []
    for of, k in races:
        for name in peers.CONTENDERS:
            if name not in peers.BRUTE and (name == peers.OURS or k == races[0][1]):
                arguments = "--size", size, "--alone", name, "--of", of, "--k", str(k)
                megabytes = harness.alone(*arguments)
                say(f"  {name:<24} {of}, k={k}: {megabytes:,.0f} MB")
                found.append({"name": name, "of": of, "k": k, "megabytes": megabytes})
    return found


def first_call(size):
    """A first call with nothing compiled yet, a first call in a later process, and another one."""
    with TemporaryDirectory() as folder:
        ask = partial(harness.alone, "--size", size, "--alone", "first", NUMBA_CACHE_DIR=folder)
        compiling, loading = ask(), ask()
    return {"compiling": compiling["first"], "loading": loading["first"], "later": loading["later"]}


def in_this_process(arguments):
    """What a process of its own measures, as JSON."""
    ds = harness.data(arguments.size)
    if arguments.alone == "first":
        start = perf_counter()
        wb.similar(ds, k=20, device="cpu", progress=False)
        first = perf_counter() - start
        later, *_ = clock(lambda: wb.similar(ds, k=20, device="cpu", progress=False))
        return {"first": first, "later": later}
    if arguments.alone == peers.OURS:
        # What Numba holds once it has loaded is the program's, not the search's.
        wb.similar(wb.synthetic(2_000, 8_500, 320_000), of=arguments.of, device="cpu", k=20)
    contender = peers.CONTENDERS[arguments.alone](ds, arguments.of, None)
    return peak_beyond(lambda: contender.run(arguments.k))


def measure(size, parts, runs):
    """Measure the parts asked for and keep the others as they are."""
    held = harness.load()["sections"].get(SECTION, {}).get(size, {})
    ds = harness.data(size)
    found = held | {"data": harness.size_of(ds), "runs": runs}
    if "race" in parts:
        sampled = size == "large"
        found["race"] = [race(ds, of, k, runs=runs, sampled=sampled) for of, k in RACES[size]]
    if "metrics" in parts:
        names = ("cosine", "pearson") if size == "large" else METRICS
        found["metrics"] = metrics(ds, names=names, runs=runs)
    del ds
    if "memory" in parts:
        found["memory"] = memory(size, RACES[size])
    if "first" in parts:
        found["first_call"] = first_call(size)
    found.pop("date", None)
    harness.save(SECTION, size, found)
    return [
        f"{line['name']} ({held['of']}, k={held['k']})"
        for held in found.get("race", ())
        for line in held["times"]
        if "check" in line and not _agrees(line["check"])
    ]


# --- tables -------------------------------------------------------------------------------------


def markdown():
    """All tables, from what the file of results holds."""
    section = harness.load()["sections"].get(SECTION, {})
    parts = [harness.caption(), _summary(section)]
    for size in harness.SIZES:
        if "race" in section.get(size, {}):
            parts += [_title(section[size]), _detail(section[size]["race"])]
            parts.append(_agreement(section[size]["race"]))
    parts += ["### Memory", _memory(section), "### Metrics", _metrics(section)]
    parts += ["### First call", _first(section)]
    return "\n\n".join(part.rstrip() for part in parts)


def _title(found):
    size = found["data"]
    return f"### {size['users']:,} users x {size['items']:,} items, {_count(found)} interactions"


def _count(found):
    return f"{found['data']['interactions']:,}"


def _summary(section):
    rows = []
    for size, races in RACES.items():
        held = {(one["of"], one["k"]): one for one in section.get(size, {}).get("race", ())}
        for of, k in races:
            name = harness.SIZES[size]
            if (of, k) not in held:
                rows.append([name, of, k, *[None] * 6])
                continue
            one = held[of, k]
            mine = one["times"][0]
            peer = next(line for line in one["times"] if line["name"] == one["fastest"])
            ratios = one["ratios"]["wall"], one["ratios"]["cpu"]
            rows.append([name, of, k, mine["wall"], mine["cpu"], one["fastest"], peer["wall"]])
            rows[-1] += ratios
    head = ("data", "of", "k", "ours s", "ours CPU s", "fastest peer", "its s", "ratio")
    return table((*head, "CPU ratio"), rows)


def _detail(races):
    head = ["wall s (CPU s)", *(f"{one['of']}, k={one['k']}" for one in races)]
    names = [line["name"] for line in races[0]["times"]]
    rows = [
        [name, *(_times(next(x for x in one["times"] if x["name"] == name)) for one in races)]
        for name in names
    ]
    return table(head, rows)


def _times(line):
    text = f"{line['wall']:.2f} ({line['cpu']:.2f})"
    return f"about {text}, from {line['rows']:,} rows" if "rows" in line else text


def _agreement(races):
    checks = [line["check"] for one in races for line in one["times"] if "check" in line]
    verdict = "All agree" if all(map(_agrees, checks)) else "NOT ALL AGREE"
    total = {name: sum(check[name] for check in checks) for name in ("ranks", "other_ids")}
    return (
        f"{verdict}, to {TOLERANCE:.0e}: over {total['ranks']:,} ranks the largest difference of "
        f"two scores is {max(check['difference'] for check in checks):.1e}; the ids differ at "
        f"{total['other_ids']:,}, where the true score of what stands there differs from ours by "
        f"{max(check['gap'] for check in checks):.1e} at most "
        f"(of {sum(check['looked_at'] for check in checks):,} looked at)."
    )


def _agrees(check):
    return max(check["difference"], check["gap"]) <= TOLERANCE


def _memory(section):
    rows = []
    for size, races in RACES.items():
        held = section.get(size, {}).get("memory", ())
        names = {(line["name"], line["of"], line["k"]): line["megabytes"] for line in held}
        if not names:
            rows += [[harness.SIZES[size], peers.OURS, of, k, None] for of, k in races]
        for (name, of, k), megabytes in names.items():
            rows.append([harness.SIZES[size], name, of, k, f"{megabytes:,.0f}"])
    return table(("data", "", "of", "k", "peak MB beyond the input"), rows)


def _metrics(section):
    sizes = [size for size in harness.SIZES if section.get(size, {}).get("metrics")] or ["medium"]
    held = {
        size: {line["name"]: line for line in section.get(size, {}).get("metrics", ())}
        for size in sizes
    }
    head = ["k=20", *(f"{harness.SIZES[size]}: s (times cosine)" for size in sizes)]
    rows = [
        [
            name,
            *(
                f"{held[size][name]['wall']:.2f} ({held[size][name]['ratio']:.2f})"
                if name in held[size]
                else ("" if held[size] else None)
                for size in sizes
            ),
        ]
        for name in METRICS
    ]
    return table(head, rows)


def _first(section):
    head = ("data", "first call ever, compiling", "first of a process", "any later one")
    rows = []
    for size, name in harness.SIZES.items():
        held = section.get(size, {}).get("first_call", {})
        if held or size != "large":
            rows.append([name, *(held.get(key) for key in ("compiling", "loading", "later"))])
    return table(head, rows)


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    # What a process of its own is asked for, see `harness.alone`.
    parser.add_argument("--alone", help="internal")
    parser.add_argument("--of", default="items", help="internal")
    parser.add_argument("--k", type=int, default=20, help="internal")
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(in_this_process(arguments)))
        return
    wrong = [] if arguments.markdown else measure(arguments.size, arguments.parts, arguments.runs)
    print(markdown())
    if wrong:
        raise SystemExit(f"these found other neighbours than ours: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
