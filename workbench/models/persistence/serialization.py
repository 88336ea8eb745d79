"""Objects taken apart into plain values, arrays and tables, and put together again.

Only what is listed here is written, and only it can come of what is read: no name in a file leads
to anything but a model of `workbench.models` or one of `RECORDS`.
"""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, NamedTuple
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from workbench.compute import Device, Neighbours, resolve
from workbench.compute.options import SimilarityOptions
from workbench.compute.search import Search
from workbench.datasets import Dataset
from workbench.errors import DataError, ModelFileError
from workbench.evidence import ByCount, ByItem, ByUser
from workbench.models.recommender import Recommender

PLAIN = (bool, int, float, str, type(None))
RECORDS = {kind.__name__: kind for kind in (Neighbours, SimilarityOptions, Search)}
EVIDENCE = {kind.__name__: kind for kind in (ByCount, ByItem, ByUser)}


class Kind(NamedTuple):
    """How objects of some types become simpler ones, and those the object again."""

    types: type | tuple[type, ...]
    parts: Callable[[Any], Any]
    whole: Callable[[Any], Any]


def _csr(parts: list[Any]) -> sparse.csr_array:
    data, indices, indptr, shape = parts
    matrix = sparse.csr_array((data, indices, indptr), shape=tuple(shape))
    matrix.check_format(full_check=True)  # an index out of bounds would crash the process
    return matrix


def _fields(record: Any) -> list[Any]:
    names = [f.name for f in fields(record)] if is_dataclass(record) else record._fields
    return [type(record).__name__, {name: getattr(record, name) for name in names}]


def _state(model: Recommender) -> list[Any]:
    kind = type(model)
    derived = {name for name in vars(model) if isinstance(getattr(kind, name, 0), cached_property)}
    return [kind.__name__, {k: v for k, v in vars(model).items() if k not in derived}]


def _model(parts: list[Any]) -> Recommender:
    name, state = parts
    models = import_module("workbench.models")
    found = getattr(models, name) if name in models.__all__ else None
    if not (isinstance(found, type) and issubclass(found, Recommender)):
        raise ModelFileError(f"the model {name!r} is none that this version knows")
    model = found.__new__(found)
    vars(model).update(state)
    if model.device.kind == "gpu" and not model.on_gpu:
        model.device = resolve("cpu")
    return model


KINDS = {
    "scalar": Kind(np.generic, np.asarray, lambda array: array[()]),
    "csr": Kind(sparse.csr_array, lambda m: [m.data, m.indices, m.indptr, list(m.shape)], _csr),
    "series": Kind(
        pd.Series,
        lambda series: [series.to_frame("of"), series.name],
        lambda parts: parts[0]["of"].rename(parts[1]),
    ),
    "index": Kind(
        pd.Index,
        lambda index: [index.to_frame(index=False, name="of"), index.name],
        lambda parts: pd.Index(parts[0]["of"], name=parts[1]),
    ),
    # Fitted on a card, a model runs on the CPU where there is none.
    "device": Kind(
        Device, lambda device: device.kind, lambda kind: resolve("cpu" if kind == "cpu" else "auto")
    ),
    "record": Kind(tuple(RECORDS.values()), _fields, lambda parts: RECORDS[parts[0]](**parts[1])),
    "model": Kind(Recommender, _state, _model),
}


class Writer:
    """Packs objects into plain values; arrays and tables go to the archive.

    Attributes
    ----------
    datasets : dict of str to Any
        Packed data sets by their hash, each once; None for one to leave out.
    """

    def __init__(self, archive: ZipFile) -> None:
        self._archive, self._members = archive, 0
        self.datasets: dict[str, Any] = {}

    def pack(self, value: Any, where: str) -> Any:
        """Plain values of an object; `where` is what errors call it."""
        if type(value) in PLAIN:
            return value
        if type(value) is list:
            return [self.pack(part, where) for part in value]
        if type(value) is tuple:
            return {"tuple": self.pack(list(value), where)}
        if type(value) is dict:
            pairs = value.items()
            return {"dict": [[self.pack(k, where), self.pack(v, f"{where}.{k}")] for k, v in pairs]}
        if isinstance(value, np.ndarray):
            return {"array": self._array(value, where)}
        if isinstance(value, pd.DataFrame):
            return {"table": self._table(value, where)}
        if isinstance(value, Dataset):
            return {"dataset": self._dataset(value, where)}
        if isinstance(value, type) and value in EVIDENCE.values():
            return {"evidence": value.__name__}
        for name, kind in KINDS.items():
            if isinstance(value, kind.types):
                return {name: self.pack(kind.parts(value), where)}
        raise _not_held(where, f"a {type(value).__name__}")

    def _new(self, ending: str) -> str:
        self._members += 1
        return f"{self._members}.{ending}"

    def _array(self, array: np.ndarray, where: str) -> str:
        if array.dtype.hasobject:
            raise _not_held(where, "an array of objects")
        name = self._new("npy")
        with self._archive.open(name, "w", force_zip64=True) as member:
            np.lib.format.write_array(member, array, allow_pickle=False)
        return name

    def _table(self, table: pd.DataFrame, where: str) -> list[Any]:
        labels = self.pack(table.columns.tolist(), where)
        flat = table.set_axis([str(place) for place in range(table.shape[1])], axis=1)
        flat = flat.reset_index(drop=True)
        loose = [label for label in flat if flat[label].dtype == object]
        as_text = {
            label: _texts(flat[label], f"{where}, column {labels[int(label)]!r}") for label in loose
        }
        try:
            arrow = pa.Table.from_pandas(flat.assign(**as_text))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise _not_held(where, f"a table that Arrow does not take ({error})") from error
        name = self._new("arrow")
        with (
            self._archive.open(name, "w", force_zip64=True) as member,
            pa.ipc.new_stream(member, arrow.schema) as stream,
        ):
            stream.write_table(arrow)
        plain = table.index.equals(flat.index) and table.index.name is None
        return [name, labels, loose, None if plain else self.pack(table.index, where)]

    def _dataset(self, ds: Dataset, where: str) -> str:
        if ds.hash not in self.datasets:
            parts = [ds.table, ds.items, ds.users, ds.name, ds.account]
            self.datasets[ds.hash] = self.pack(parts, where)
        return ds.hash


def _texts(cells: pd.Series, where: str) -> list[str]:
    """Cells as JSON, if that gives the same cells again."""
    try:
        texts = [json.dumps(cell) for cell in cells]
    except TypeError as error:
        raise _not_held(
            where, f"cells that are neither text, numbers nor lists ({error})"
        ) from error
    if str([json.loads(text) for text in texts]) != str(cells.tolist()):
        raise _not_held(where, "cells that are neither text, numbers nor lists")
    return texts


def _not_held(where: str, what: str) -> ModelFileError:
    return ModelFileError(f"{where} holds {what}, which the file of a model cannot")


class Reader:
    """Puts together what a `Writer` packed.

    Parameters
    ----------
    archive : ZipFile
    datasets : dict of str to Any
        Packed data sets by their hash.
    given : Dataset, optional
        Stands in for the data set that was left out.
    """

    def __init__(self, archive: ZipFile, datasets: dict[str, Any], given: Dataset | None) -> None:
        self._archive, self._packed = archive, datasets
        self._datasets = {given.hash: given} if given is not None else {}

    def unpack(self, node: Any) -> Any:
        """The object that plain values stand for."""
        if isinstance(node, list):
            return [self.unpack(part) for part in node]
        if not isinstance(node, dict):
            return node
        ((name, parts),) = node.items()
        if name in KINDS:
            return KINDS[name].whole(self.unpack(parts))
        if name == "tuple":
            return tuple(self.unpack(parts))
        if name == "dict":
            return dict(self.unpack(parts))
        own: dict[str, Callable[[Any], Any]]
        own = {
            "array": self._array,
            "table": self._table,
            "dataset": self._dataset,
            "evidence": EVIDENCE.__getitem__,
        }
        return own[name](parts)

    def _array(self, name: str) -> np.ndarray:
        with self._archive.open(name) as member:
            return np.lib.format.read_array(member, allow_pickle=False)

    def _table(self, parts: list[Any]) -> pd.DataFrame:
        name, labels, loose, index = parts
        with self._archive.open(name) as member:
            arrow = pa.ipc.open_stream(member).read_all()
        arrow.validate(full=True)
        table = arrow.to_pandas()
        as_cells = {label: _cells(table[label]) for label in loose}
        table = table.assign(**as_cells).set_axis(self.unpack(labels), axis=1)
        return table if index is None else table.set_axis(self.unpack(index))

    def _dataset(self, digest: str) -> Dataset:
        if digest not in self._datasets:
            packed = self._packed[digest]
            if packed is None:
                raise DataError(
                    f"the model was fitted on data of hash {digest}, which its file does not hold; "
                    f"pass them: load_model(path, data=ds){self._instead()}"
                )
            found = Dataset(*self.unpack(packed))
            if found.hash != digest:
                raise ModelFileError(f"data of hash {digest} have the hash {found.hash}")
            self._datasets[digest] = found
        return self._datasets[digest]

    def _instead(self) -> str:
        return "".join(f" (those given have {known})" for known in self._datasets)


def _cells(texts: pd.Series) -> pd.Series:
    return pd.Series([json.loads(text) for text in texts], texts.index, dtype=object)
