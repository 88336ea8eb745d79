"""What the benchmarks keep, small."""


def results():
    """What the benchmarks keep: two races, the larger with brute force on a sample of rows."""
    small = {"workbench": 0.125, "quick": 0.375, "brute": 6.25}
    large = {"workbench": 2.0, "quick": 1.0, "brute": 400.0}
    steps = [{"interactions": 1_000, "wall": 0.5}, {"interactions": 4_000, "wall": 8.0}]
    return {
        "similarity": {"large": _race(9_000, large, rows=50), "small": _race(1_000, small)},
        "scaling": {"items": {"steps": steps}},
    }


def _race(interactions, seconds, **sample):
    times = [
        {"name": name, "wall": wall, "cpu": 2 * wall} | (sample if name == "brute" else {})
        for name, wall in seconds.items()
    ]
    users = {"of": "users", "k": 50, "times": times[:1]}
    return {
        "data": {"interactions": interactions},
        "race": [users, {"of": "items", "k": 20, "times": times}],
    }
