"""Models in files: numbers, tables and names, nothing that runs.

A file is a ZIP archive without compression. ``model.json`` is the tree of what the model holds: a
plain value stands for itself, anything else is ``{kind: parts}``. Arrays are .npy members and
tables Arrow streams, read by the names that the tree gives; nothing is unpacked to the disk. No
name in a file leads to anything but a class that was registered.
"""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from workbench.compute import Device, resolve
from workbench.datasets import Dataset
from workbench.errors import DataError, ModelFileError
from workbench.io import atomic_file

FORMAT = 2
TREE = "model.json"
HOME = "workbench.models."  # classes from elsewhere cannot be saved, and never come of a file
CLASSES: dict[str, type] = {}


def register(model_class: type) -> None:
    """Let instances of a class of this package be saved and loaded."""
    if model_class.__module__.startswith(HOME):
        CLASSES[model_class.__name__] = model_class


def save(model: Any, path: str | Path, *, data: bool = True) -> Path:
    """Write a model to a file; see `Recommender.save`."""
    path = Path(path)
    try:
        with atomic_file(path) as part, ZipFile(part, "w", ZIP_STORED) as archive:
            writer = Writer(archive)
            if not data:
                writer.datasets[model.data.hash] = None
            tree = {
                "format": FORMAT,
                "workbench": import_module("workbench").__version__,
                "about": repr(model),
                "model": writer.pack(model, type(model).__name__),
                "datasets": writer.datasets,
            }
            archive.writestr(TREE, json.dumps(tree))
    except ModelFileError:
        raise
    except OSError as error:
        raise ModelFileError(f"{str(path)!r} cannot be written: {error}") from error
    return path


def read(archive: ZipFile, data: Dataset | None) -> Any:
    """The model in an archive; `data` stand in for those that were left out."""
    if any(member.compress_type != ZIP_STORED for member in archive.infolist()):
        raise ModelFileError("it is compressed, as no file of a model is")  # and might be a bomb
    tree = json.loads(archive.read(TREE))
    if tree["format"] != FORMAT:
        raise ModelFileError(
            f"it was written by Workbench {tree['workbench']} in format {tree['format']}, and this "
            f"version reads format {FORMAT}; install that one, or fit and save the model anew"
        )
    return Reader(archive, tree["datasets"], data).unpack(tree["model"])


class Writer:
    """Packs objects into plain values; arrays and tables go to the archive."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive, self._members = archive, 0
        self.datasets: dict[str, Any] = {}  # packed, by their hash; None for one to leave out

    def pack(self, value: Any, where: str) -> Any:
        """Plain values of an object; `where` is what errors call it."""
        match value:
            case None | bool() | int() | float() | str() if not isinstance(value, np.generic):
                return value
            case np.generic():
                return value.item()
            case list():
                return [self.pack(part, where) for part in value]
            case tuple() if type(value) is tuple:
                return {"tuple": self.pack([*value], where)}
            case dict():
                items = value.items()
                pairs = [[self.pack(k, where), self.pack(v, f"{where}.{k}")] for k, v in items]
                return {"dict": pairs}
            case np.ndarray():
                return {"array": self._array(value, where)}
            case sparse.csr_array():
                parts = value.data, value.indices, value.indptr
                return {"csr": [*(self._array(part, where) for part in parts), [*value.shape]]}
            case pd.Index():
                table = value.to_frame(index=False, name="of")
                return {"index": [self._table(table, where), value.name]}
            case pd.DataFrame():
                return {"table": self._table(value, where)}
            case Device():
                return {"device": value.kind}
            case Dataset():
                return {"dataset": self._dataset(value, where)}
        if CLASSES.get(type(value).__name__) is type(value):
            return {"model": [type(value).__name__, self.pack(vars(value), where)]}
        raise _unsupported(where, f"a {type(value).__name__}")

    def _member(self, ending: str) -> Any:
        """A new file of the archive, and its name."""
        self._members += 1
        name = f"{self._members}.{ending}"
        return name, self._archive.open(name, "w", force_zip64=True)

    def _array(self, array: np.ndarray, where: str) -> str:
        if array.dtype.hasobject:
            raise _unsupported(where, "an array of objects")
        name, member = self._member("npy")
        with member:
            np.lib.format.write_array(member, array, allow_pickle=False)
        return str(name)

    def _table(self, table: pd.DataFrame, where: str) -> list[Any]:
        labels = self.pack(table.columns.tolist(), where)
        flat = table.set_axis([str(place) for place in range(table.shape[1])], axis=1)
        flat = flat.reset_index(drop=True)
        objects = [label for label in flat if flat[label].dtype == object]
        as_json = {
            label: _cells_as_json(flat[label], f"{where}, column {labels[int(label)]!r}")
            for label in objects
        }
        try:
            arrow = pa.Table.from_pandas(flat.assign(**as_json))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise _unsupported(where, f"a table that Arrow does not take ({error})") from error
        name, member = self._member("arrow")
        with member, pa.ipc.new_stream(member, arrow.schema) as stream:
            stream.write_table(arrow)
        plain = table.index.equals(flat.index) and table.index.name is None
        return [name, labels, objects, None if plain else self.pack(table.index, where)]

    def _dataset(self, ds: Dataset, where: str) -> str:
        if ds.hash not in self.datasets:
            parts = [ds.table, ds.items, ds.users, ds.name, ds.account]
            self.datasets[ds.hash] = self.pack(parts, where)
        return ds.hash


def _cells_as_json(cells: pd.Series, where: str) -> list[str]:
    """Cells as JSON, if that gives the same cells again."""
    cause = None
    try:
        texts = [json.dumps(cell) for cell in cells]
        if str([json.loads(text) for text in texts]) == str(cells.tolist()):
            return texts
    except TypeError as error:
        cause = error
    raise _unsupported(where, "cells that are neither text, numbers nor lists") from cause


def _unsupported(where: str, what: str) -> ModelFileError:
    return ModelFileError(f"{where} holds {what}, which the file of a model cannot")


class Reader:
    """Puts together what a `Writer` packed; `data` stand in for those that were left out."""

    def __init__(self, archive: ZipFile, datasets: dict[str, Any], data: Dataset | None) -> None:
        self._archive, self._packed = archive, datasets
        self._datasets = {data.hash: data} if data is not None else {}
        self._kinds: dict[str, Callable[[Any], Any]] = {
            "tuple": lambda parts: tuple(self.unpack(parts)),
            "dict": lambda parts: dict(self.unpack(parts)),
            "array": self._array,
            "csr": self._csr,
            "index": lambda parts: pd.Index(self._table(parts[0])["of"], name=parts[1]),
            "table": self._table,
            # Fitted on a card, a model runs on the CPU where there is none.
            "device": lambda kind: resolve("cpu" if kind == "cpu" else "auto"),
            "dataset": self._dataset,
            "model": self._model,
        }

    def unpack(self, node: Any) -> Any:
        """The object that plain values stand for."""
        if isinstance(node, list):
            return [self.unpack(part) for part in node]
        if not isinstance(node, dict):
            return node
        ((kind, parts),) = node.items()
        return self._kinds[kind](parts)

    def _array(self, name: str) -> np.ndarray:
        with self._archive.open(name) as member:
            return np.lib.format.read_array(member, allow_pickle=False)

    def _csr(self, parts: list[Any]) -> sparse.csr_array:
        *names, shape = parts
        matrix = sparse.csr_array(tuple(map(self._array, names)), shape=tuple(shape))
        matrix.check_format(full_check=True)  # an index out of bounds would crash the process
        return matrix

    def _table(self, parts: list[Any]) -> pd.DataFrame:
        name, labels, objects, index = parts
        with self._archive.open(name) as member:
            arrow = pa.ipc.open_stream(member).read_all()
        arrow.validate(full=True)
        table = arrow.to_pandas()
        for label in objects:
            cells = [json.loads(text) for text in table[label]]
            table[label] = pd.Series(cells, table.index, dtype=object)
        table = table.set_axis(self.unpack(labels), axis=1)
        return table if index is None else table.set_axis(self.unpack(index))

    def _model(self, parts: list[Any]) -> Any:
        name, state = parts
        if name not in CLASSES:
            raise ModelFileError(f"the model {name!r} is none that this version knows")
        model: Any = object.__new__(CLASSES[name])
        vars(model).update(self.unpack(state))
        if model.device.kind == "gpu" and not model.on_gpu:
            model.device = resolve("cpu")
        return model

    def _dataset(self, digest: str) -> Dataset:
        if digest not in self._datasets:
            packed = self._packed[digest]
            if packed is None:
                others = "".join(f" (those given have {known})" for known in self._datasets)
                raise DataError(
                    f"the model was fitted on data of hash {digest}, which its file does not hold; "
                    f"pass them: load_model(path, data=ds){others}"
                )
            ds = Dataset(*self.unpack(packed))
            if ds.hash != digest:
                raise ModelFileError(f"data of hash {digest} have the hash {ds.hash}")
            self._datasets[digest] = ds
        return self._datasets[digest]
