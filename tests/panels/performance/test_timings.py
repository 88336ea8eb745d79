import json

import pytest

import workbench as wb
from tests.plots.benchmark_results import results
from workbench.panels.performance import timings


def test_every_metric_is_timed_for_items_and_users():
    table = timings.by_metric(wb.synthetic(30, 40, 300), device="cpu")
    assert list(table.index) == list(timings.METRICS)
    assert list(table.columns) == ["items", "users"]
    assert (table > 0).all(axis=None)


def test_data_double_and_keep_their_shape():
    table = timings.growth(20_000, device="cpu", steps=3)
    assert table["interactions"].tolist() == [5_000, 10_000, 20_000]
    assert table["users"].tolist() == [31, 62, 125]
    # Four times the ratings, twice the items.
    assert table["items"].iloc[2] == pytest.approx(2 * table["items"].iloc[0], abs=1)


def test_without_the_repository_nothing_was_measured(tmp_path):
    assert timings.measured(tmp_path / "results.json") == {}
    assert timings.races({}) == {}


def test_results_are_read_where_they_are(tmp_path):
    kept = results()
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"machine": {}, "sections": kept}), "utf-8")
    assert timings.measured(path) == kept


def test_races_are_those_of_items_by_size_and_the_fastest_comes_first():
    kept = results()
    found = timings.races(kept)
    assert list(found) == [1_000, 9_000]
    assert found[1_000]["name"].tolist() == ["workbench", "quick", "brute"]
    assert found[1_000]["times_ours"].tolist() == [1, 3, 50]
    assert found[9_000]["name"].tolist() == ["quick", "workbench", "brute"]
    assert found[9_000]["estimated"].tolist() == [False, False, True]


def test_a_race_of_brute_force_in_full_has_nothing_estimated():
    kept = results()
    assert not timings.races(kept)[1_000]["estimated"].any()


def test_what_no_card_has_measured_is_blank(tmp_path):
    kept = results()
    times = [{"name": "workbench", "wall": 7.5}]
    kept["similarity"]["large"]["race"].append({"of": "items", "k": 100, "times": times})
    table = timings.gpu_figures(tmp_path / "gpu.json", kept)
    assert list(table.index) == list(timings.GPU_ROWS)
    assert table["measured"].isna().all()
    assert table["cpu"].dropna().to_dict() == {"items_search": 7.5}
    assert table.attrs == {"device": None, "date": None}


def test_what_a_card_has_measured_stands_beside_its_own_processor(tmp_path):
    kept = results()
    path = tmp_path / "gpu.json"
    rows = {"items_search": {"value": 0.25, "cpu": 4.0}, "copy_failed": {"note": "why"}}
    path.write_text(json.dumps({"device": "GPU", "date": "today", "rows": rows}), "utf-8")
    table = timings.gpu_figures(path, kept)
    assert table.loc["items_search"].tolist()[::2] == [0.25, 4.0]
    assert table["measured"].count() == table["cpu"].count() == 1
    assert table.attrs == {"device": "GPU", "date": "today"}
