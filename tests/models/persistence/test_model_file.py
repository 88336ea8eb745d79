"""Models in files: what comes back, and what a stranger's file cannot do."""

import json
import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import workbench
from tests.models.contract import sample
from workbench.compute import resolve
from workbench.datasets import load
from workbench.errors import DataError, ModelFileError, WorkbenchError
from workbench.models import ALS, ItemKNN, Popular, Recommender, UserKNN, load_model
from workbench.models.persistence.model_file import TREE


def saved(folder: Path) -> Path:
    return ALS(factors=3, epochs=1).fit(sample()).save(folder / "als.model")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return saved(tmp_path)


def rewritten(path: Path, change: Callable[[dict[str, bytes]], Any]) -> Path:
    """The file with its members changed."""
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_tree(path: Path, change: Callable[[Any], Any]) -> Path:
    def changed(members: dict[str, bytes]) -> None:
        tree = json.loads(members[TREE])
        change(tree)
        members[TREE] = json.dumps(tree).encode()

    return rewritten(path, changed)


def state(tree: dict) -> dict[str, list]:
    """Pairs of an attribute's name and value, by the name."""
    return {pair[0]: pair for pair in tree["model"]["model"][1]["dict"]}


def member_of(path: Path, attribute: str) -> str:
    with ZipFile(path) as archive:
        return state(json.loads(archive.read(TREE)))[attribute][1]["array"]


def npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["shop", "example"])
def test_data_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    """Lists of genres, years with gaps, times and all: the hash tells."""
    ds = load(name)
    found = load_model(Popular().fit(ds).save(tmp_path / "p.model")).data
    assert (found.hash, found.name, found.account) == (ds.hash, ds.name, ds.account)
    for before, after in zip(
        (ds.interactions, ds.items, ds.users),
        (found.interactions, found.items, found.users),
        strict=True,
    ):
        assert_frame_equal(after, before, check_exact=True)


@settings(max_examples=30)
@given(
    st.lists(
        st.none() | st.booleans() | st.floats() | st.text() | st.lists(st.text() | st.integers()),
        min_size=18,
        max_size=18,
    )
)
def test_cells_of_any_plain_kind_come_back(cells: list[Any]) -> None:
    ds = sample()
    odd = pd.Series(cells, dtype=object)
    ds = replace(ds, items=ds.items.assign(odd=odd, when=pd.Timestamp("2020-01-01"), band="a"))
    with TemporaryDirectory() as folder:
        found = load_model(Popular().fit(ds).save(Path(folder) / "p.model")).data
    assert found.hash == ds.hash
    assert str(found.items["odd"].tolist()) == str(cells)


def test_the_tree_says_what_made_it(path: Path) -> None:
    with ZipFile(path) as archive:
        tree = json.loads(archive.read(TREE))
    assert tree["workbench"] == workbench.__version__
    assert tree["about"] == "ALS(factors=3, epochs=1), fitted on 'synthetic 25 x 18'"
    assert list(tree["datasets"]) == [sample().hash]


def test_a_model_that_is_not_fitted_is_its_parameters(tmp_path: Path) -> None:
    loaded = load_model(ItemKNN(k=7).save(tmp_path / "k.model"))
    assert repr(loaded) == "ItemKNN(k=7), not fitted"
    with pytest.raises(WorkbenchError, match="not fitted"):
        loaded.recommend([1])


def test_what_a_loaded_model_takes_in_is_what_the_saved_one_would(tmp_path: Path) -> None:
    new = pd.DataFrame({"user_id": [1, 99], "item_id": [99, 2], "rating": [4.0, 5.0]})
    model = UserKNN(k=4).fit(sample())
    loaded = load_model(model.save(tmp_path / "u.model"))
    assert_frame_equal(loaded.partial_fit(new).recommend(), model.partial_fit(new).recommend())


def test_fitted_on_a_card_it_runs_where_there_is_none(path: Path) -> None:
    def on_card(tree: dict) -> None:
        state(tree)["device"][1] = {"device": "gpu"}

    assert load_model(with_tree(path, on_card)).device == resolve()


def test_without_its_data_it_asks_for_them(tmp_path: Path) -> None:
    ds = sample()
    whole, path = (
        Popular().fit(ds).save(tmp_path / str(data), data=data) for data in (True, False)
    )
    assert load_model(path, data=ds).data is ds
    with pytest.raises(DataError, match=f"fitted on data of hash {ds.hash}, which its file does"):
        load_model(path)
    with pytest.raises(DataError, match=rf"those given have {load('example').hash}"):
        load_model(path, data=load("example"))
    with pytest.raises(DataError, match=r"the model was fitted on Dataset.*, not on Dataset"):
        load_model(whole, data=load("example"))


def test_a_failed_save_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.model"
    before = Popular().fit(sample()).save(path).read_bytes()
    bad = Popular().fit(sample())
    bad._helper = lambda: None
    with pytest.raises(ModelFileError, match=r"Popular\._helper holds a function, which the file"):
        bad.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"deep": [object()]}, r"Popular\._x\.deep holds a object"),
        (np.array([None]), r"Popular\._x holds an array of objects"),
        (pd.DataFrame({"a": [{1}]}), r"Popular\._x, column 'a' holds cells that are neither"),
        (pd.DataFrame({"a": [(1, 2)]}), r"Popular\._x, column 'a' holds cells that are neither"),
    ],
)
def test_what_a_file_cannot_hold_is_named(held: Any, message: str, tmp_path: Path) -> None:
    model = Popular().fit(sample())
    model._x = held
    with pytest.raises(ModelFileError, match=message):
        model.save(tmp_path / "x.model")


def test_paths_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="cannot be written"):
        Popular().fit(sample()).save(tmp_path / "no" / "folder.model")
    with pytest.raises(ModelFileError, match="there is no file"):
        load_model(tmp_path / "nothing.model")
    with pytest.raises(ModelFileError, match="is damaged, or no model"):
        load_model(tmp_path)


class Bomb:
    """Says that it ran, if it does."""

    ran = False

    def __reduce__(self) -> tuple:
        return setattr, (Bomb, "ran", True)


def test_a_pickle_is_not_opened(path: Path) -> None:
    array = np.empty(1, object)
    array[0] = Bomb()

    bomb = {member_of(path, "item_factors"): npy(array, allow_pickle=True)}
    with_bomb = rewritten(path, lambda members: members.update(bomb))
    for content in (pickle.dumps(Bomb()), with_bomb.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="is damaged, or no model"):
            load_model(path)
    assert not Bomb.ran


def test_no_member_is_written_to_the_disk(path: Path) -> None:
    name = member_of(path, "item_factors")

    def climb(members: dict[str, bytes]) -> None:
        members["../escaped.npy"] = members.pop(name)
        members[TREE] = members[TREE].replace(f'"{name}"'.encode(), b'"../escaped.npy"')

    load_model(rewritten(path, climb))
    assert list(path.parent.iterdir()) == [path]
    assert not (path.parent.parent / "escaped.npy").exists()


@pytest.mark.parametrize("name", ["Recommender", "load_model", "ByItem", "os", "__doc__", 7, None])
def test_a_name_leads_to_a_model_or_nowhere(name: Any, path: Path) -> None:
    def rename(tree: dict) -> None:
        tree["model"]["model"][0] = name

    with pytest.raises(ModelFileError, match=r"als\.model"):
        load_model(with_tree(path, rename))


@pytest.mark.parametrize(("number", "version"), [(1, "0.1.0"), (99, "9.9")])
def test_another_format_says_which_version_reads_it(number: int, version: str, path: Path) -> None:
    words = rf"Workbench {version} in format {number}, and this version reads format 2; install"
    with pytest.raises(ModelFileError, match=words):
        load_model(with_tree(path, lambda tree: tree.update(format=number, workbench=version)))


class Stranger(Popular):
    """No model of Workbench: its file could not be read where this class is not."""


def test_a_class_from_elsewhere_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(
        ModelFileError, match="Stranger holds a Stranger, which the file of a model"
    ):
        Stranger().fit(sample()).save(tmp_path / "s.model")


def test_a_compressed_file_is_refused(path: Path) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr(TREE, "{}")
    with pytest.raises(ModelFileError, match="it is compressed"):
        load_model(path)


@pytest.mark.parametrize("name", ["item_factors", "user_factors"])
@pytest.mark.parametrize(
    "array", [np.zeros((2, 3)), np.zeros((18, 3), "S3"), np.zeros((18, 0)), np.zeros(5)], ids=str
)
def test_parts_that_do_not_fit_are_refused(name: str, array: np.ndarray, path: Path) -> None:
    """A compiled loop would read past the end of an array that is too short."""
    member = member_of(path, name)
    with pytest.raises(ModelFileError, match=r"als\.model"):
        load_model(rewritten(path, lambda members: members.update({member: npy(array)})))


def test_data_that_were_changed_are_found_out(path: Path) -> None:
    def change(tree: dict) -> None:
        tree["datasets"] = {"0" * 12: tree["datasets"].popitem()[1]}
        state(tree)["_data"][1] = {"dataset": "0" * 12}

    with pytest.raises(
        ModelFileError, match=f"data of hash 000000000000 have the hash {sample().hash}"
    ):
        load_model(with_tree(path, change))


@cache
def members() -> dict[str, bytes]:
    with TemporaryDirectory() as folder, ZipFile(saved(Path(folder))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@settings(max_examples=50)
@given(st.data())
def test_whatever_a_member_holds_is_a_model_or_an_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(members())))
    content = members()[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 8)) | st.just(len(content)))
    damaged = content[:start] + data.draw(st.binary(max_size=8)) + content[end:]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "odd.model"
        with ZipFile(path, "w") as archive:
            for member, known in members().items():
                archive.writestr(member, damaged if member == name else known)
        with suppress(ModelFileError, DataError):
            assert isinstance(load_model(path), Recommender)


@settings(max_examples=50)
@given(st.integers(0), st.integers(0), st.binary(max_size=20))
def test_a_damaged_file_is_an_error(start: int, length: int, inserted: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = saved(Path(folder))
        content = path.read_bytes()
        start %= len(content)
        path.write_bytes(content[:start] + inserted + content[start + length :])
        with suppress(ModelFileError, DataError):
            assert isinstance(load_model(path), Recommender)


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_truncated_file_is_an_error(kept: int, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelFileError, match="is damaged, or no model"):
        load_model(path)
