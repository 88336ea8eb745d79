from pathlib import Path
from types import SimpleNamespace

from workbench.language import Copywriter, Pool
from workbench.language.copy.pools.slotted_sentence import SlottedSentence


def test_pools_of_films_and_of_goods_are_saved_as_one(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    import shipped_pool

    asked = []

    def pool(self, ds, *, size, seed, progress):
        asked.append((ds.name, size, seed))
        goods = "shop" if ds.name == "shop" else "film"
        return Pool([SlottedSentence("Today we suggest a look at {title}.", "en", "none", goods)])

    monkeypatch.setattr(Copywriter, "pool", pool)
    monkeypatch.setattr(shipped_pool, "load", lambda name: SimpleNamespace(name=name))
    path = tmp_path / "pool.jsonl"
    shipped_pool.main(["--size", "3", "--seed", "1", "--output", str(path)])
    assert asked == [("movielens-small", 3, 1), ("shop", 3, 1)]
    assert {s.domain for s in Pool.load(path).sentences} == {"film", "shop"}
    assert capsys.readouterr().out.strip() == str(path)
