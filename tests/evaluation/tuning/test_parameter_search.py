"""Parameters are found by trying, the same for a seed, and go on from a file."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from workbench.datasets import Dataset, split, synthetic
from workbench.errors import DataError, DataFileError, MissingExtraError, OptionError
from workbench.evaluation import evaluate, tune
from workbench.models import EASE, ItemKNN, Popular

SPACE = {"k": (1, 30), "shrink": (0.1, 100.0, "log"), "metric": ["cosine", "jaccard"]}
QUICK = {"budget": 4, "progress": False}


class Shifted(Popular):
    """Popular, turned around where `skew` is below 0, and refused below -1: the best is known."""

    def __init__(self, *, skew: float = 1.0, broken: str | None = None) -> None:
        super().__init__()
        if skew < -1:
            raise OptionError(f"skew={skew!r} is too low")
        self.skew, self.broken = skew, broken

    def _fit(self, ds: Dataset) -> None:
        super()._fit(ds)
        if self.broken:
            raise DataError(self.broken)
        self._weights = self.skew * self._weights


@pytest.fixture(scope="module")
def ds() -> Dataset:
    return synthetic(60, 40, 900, seed=2)


def test_the_best_trial_is_the_best_by_the_public_evaluation(ds: Dataset) -> None:
    found = tune(ItemKNN, ds, SPACE, metric="recall@5", budget=6, progress=False, seed=3)
    table = found.frame()
    part, test_ratings = split(ds, by="user", seed=3)
    values = [
        evaluate(ItemKNN(**row).fit(part), part, test_ratings, metrics="recall@5").frame()["value"][
            0
        ]
        for row in table[list(SPACE)].to_dict("records")
    ]
    assert table["value"].tolist() == pytest.approx(values, abs=1e-12)
    assert found.value == max(values)
    assert found.best == table.loc[table["value"].idxmax(), sorted(SPACE)].to_dict()
    assert table["trial"].tolist() == list(range(6))


def test_the_model_is_fitted_on_the_whole_of_train(ds: Dataset) -> None:
    found = tune(ItemKNN, ds, {"k": (1, 20)}, **QUICK)
    assert found.model.data is ds
    assert found.model.k == found.best["k"]
    assert (found.device, found.data_hash) == (found.model.device, ds.hash)


def test_parameters_come_from_the_space(ds: Dataset) -> None:
    table = tune(ItemKNN, ds, SPACE, budget=20, progress=False).frame()
    assert table["k"].dtype == np.int64
    assert table["k"].between(1, 30).all()
    assert table["shrink"].between(0.1, 100).all()
    assert (table["shrink"] < 3).any()  # even on the log scale, not in nine of ten
    assert set(table["metric"]) == {"cosine", "jaccard"}


def test_a_seed_gives_the_same_trials_and_another_others(ds: Dataset) -> None:
    one, same, other = (
        tune(ItemKNN, ds, SPACE, budget=14, progress=False, seed=seed).frame() for seed in (1, 1, 2)
    )
    assert one.drop(columns="seconds").equals(same.drop(columns="seconds"))
    assert (one["shrink"] != other["shrink"]).all()


def test_a_study_in_a_file_goes_on_as_if_it_had_not_stopped(ds: Dataset, tmp_path: Path) -> None:
    options = {"storage": tmp_path / "new" / "study", "progress": False}
    at_once = tune(ItemKNN, ds, SPACE, budget=14, progress=False).frame()
    tune(ItemKNN, ds, SPACE, budget=5, **options)
    interrupted = iter([False] * 3 + [True])

    def model(**parameters: object) -> ItemKNN:
        if next(interrupted, False):
            raise KeyboardInterrupt
        return ItemKNN(**parameters)

    model.__module__, model.__qualname__ = ItemKNN.__module__, ItemKNN.__qualname__
    with pytest.raises(KeyboardInterrupt):
        tune(model, ds, SPACE, budget=14, **options)
    found = tune(ItemKNN, ds, SPACE, budget=14, **options)
    left_out = ["seconds", "trial"]
    assert found.frame().drop(columns=left_out).equals(at_once.drop(columns=left_out))
    again = tune(ItemKNN, ds, SPACE, budget=14, **options)
    assert again.frame().equals(found.frame())
    assert again.best == found.best


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"space": {"k": (1, 21)}}, r"'space': .*\(1, 20\).*, not .*\(1, 21\)"),
        ({"metric": "map@10"}, "'metric': 'ndcg@10'"),
        ({"train": synthetic(60, 40, 900, seed=5)}, "'data'"),
        ({"model": partial(ItemKNN, metric="dot")}, "'model'"),
        ({"seed": 1}, "'seed': 0}, not {'seed': 1}"),
        ({"relevant": 4}, "'options': {}"),
    ],
    ids=str,
)
def test_a_file_with_another_study_is_refused(change, named, ds, tmp_path) -> None:
    given = {"model": ItemKNN, "train": ds, "space": {"k": (1, 20)}, "storage": tmp_path / "study"}
    tune(**given, budget=1, progress=False)
    with pytest.raises(OptionError, match=f"holds a study with .*{named}.*; name a new file"):
        tune(**given | change, budget=1, progress=False)


@pytest.mark.parametrize("content", [b"user,item\n1,2\n", b"{}\n", b"[1]\n", b"\xff\xfe\n"])
def test_a_file_of_something_else_is_refused_and_left_alone(content, ds, tmp_path) -> None:
    file = tmp_path / "mine"
    file.write_bytes(content)
    with pytest.raises(DataFileError, match="is no file of a study"):
        tune(ItemKNN, ds, {"k": (1, 20)}, storage=file, **QUICK)
    assert file.read_bytes() == content


def test_parameters_that_the_model_refuses_are_passed_over_and_told(ds: Dataset) -> None:
    with pytest.warns(UserWarning, match="trials were passed over; the column 'refused'"):
        found = tune(Shifted, ds, {"skew": [-3.0, -1.0, 1.0]}, budget=12, progress=False)
    table = found.frame()
    refused = table["skew"] == -3
    assert 0 < refused.sum() < 12
    assert (table.loc[refused, "refused"] == "skew=-3.0 is too low").all()
    assert table.loc[refused, "value"].isna().all()
    assert table.loc[~refused, "refused"].isna().all()
    assert found.best == {"skew": 1.0}


def test_where_all_are_refused_the_error_says_why(ds: Dataset) -> None:
    with pytest.raises(OptionError, match=r"no trial has a value.*EASE holds 40 x 40"):
        tune(EASE, ds, {"memory": (1e-9, 1e-8)}, **QUICK)


def test_an_error_in_the_data_stops_at_once(ds: Dataset, tmp_path: Path) -> None:
    made = []

    def model(**parameters: object) -> Shifted:
        made.append(parameters)
        return Shifted(broken="row 3 is broken", **parameters)

    with pytest.raises(DataError, match="row 3 is broken"):
        tune(model, ds, {"skew": (0.0, 1.0)}, **QUICK)
    assert len(made) == 1


def test_lower_is_better_where_the_metric_says_so(ds: Dataset) -> None:
    model = partial(ItemKNN, feedback="explicit")
    found = tune(model, ds, {"k": [1, 30]}, metric="rmse", budget=6, progress=False)
    assert found.value == found.frame()["value"].min() < found.frame()["value"].max()


def test_time_ends_a_search_after_a_trial_at_least(ds: Dataset) -> None:
    assert len(tune(ItemKNN, ds, {"k": (1, 20)}, timeout=0, progress=False).frame()) == 1


def test_what_matters_is_what_decides(ds: Dataset) -> None:
    model = lambda skew, idle: Shifted(skew=skew)  # noqa: E731
    space = {"skew": (-1.0, 1.0), "idle": (0.0, 1.0)}
    found = tune(model, ds, space, budget=30, progress=False)
    importance = found.importance()
    assert importance["parameter"].tolist() == ["skew", "idle"]
    assert importance["importance"].sum() == pytest.approx(1)
    assert found.best["skew"] > 0
    with pytest.raises(OptionError, match="needs two trials with a value"):
        tune(model, ds, space, budget=1, progress=False).importance()


@pytest.mark.parametrize(
    "values",
    [(1,), (1, 2, 3), (2, 1), (1, 1), (0, 5, "log"), (True, 5), ("a", "b"), [], "cosine", 7, None],
    ids=str,
)
def test_what_is_no_range_and_no_choices_is_refused(values, ds: Dataset) -> None:
    with pytest.raises(OptionError, match=r"space\['k'\]=.* must be a list of choices"):
        tune(ItemKNN, ds, {"k": values}, **QUICK)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"space": {}}, "space is empty"),
        ({"space": {"k": [[1]]}}, "a choice is text, a number, a bool or None"),
        (
            {"space": {"neighbours": (1, 5)}},
            r"takes no \['neighbours'\]; it takes \['device', 'k', 'metric'",
        ),
        ({"metric": "novelty@10"}, "neither good nor bad"),
        ({"metric": "ndcg"}, "needs the length of the list"),
        ({"budget": 0}, "budget=0 must be"),
        ({"seed": -1}, "seed=-1 must be"),
        ({"holdout": 2}, "holdout is 2"),
    ],
    ids=str,
)
def test_what_is_not_allowed_is_refused(given: dict, message: str, ds: Dataset) -> None:
    with pytest.raises(OptionError, match=message):
        tune(ItemKNN, ds, **{"space": {"k": (1, 5)}, "progress": False, **given})


def test_without_optuna_the_error_holds_the_line_that_installs_it(ds, monkeypatch) -> None:
    import sys

    monkeypatch.setattr(
        sys.modules["workbench.evaluation.tuning.parameter_search"], "find_spec", lambda name: None
    )
    with pytest.raises(MissingExtraError, match=r"pip install -e '\.\[models\]'"):
        tune(ItemKNN, ds, {"k": (1, 5)})
