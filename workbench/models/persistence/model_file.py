"""Models in files: numbers, tables and names, nothing that runs.

A file is a ZIP archive without compression. ``model.json`` is the tree of what the model holds: a
plain value stands for itself, anything else is ``{kind: parts}``. Arrays are .npy members and
tables Arrow streams, read by the names that the tree gives; nothing is unpacked to the disk.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from workbench.datasets import Dataset
from workbench.errors import DataError, DeviceError, MissingExtraError, ModelFileError
from workbench.io import atomic_file
from workbench.models.persistence.serialization import Reader, Writer
from workbench.models.recommender import Recommender

FORMAT = 2
TREE = "model.json"


def save(model: Recommender, path: str | Path, *, data: bool = True) -> Path:
    """Write a model to a file; see `Recommender.save`."""
    path = Path(path)
    try:
        with atomic_file(path) as part, ZipFile(part, "w", ZIP_STORED) as archive:
            archive.writestr(TREE, json.dumps(_tree(model, Writer(archive), data)))
    except ModelFileError:
        raise
    except OSError as error:
        raise ModelFileError(f"{str(path)!r} cannot be written: {error}") from error
    return path


def _tree(model: Recommender, writer: Writer, data: bool) -> dict[str, Any]:
    if not data:
        writer.datasets[model.data.hash] = None
    return {
        "format": FORMAT,
        "workbench": import_module("workbench").__version__,
        "about": repr(model),
        "model": writer.pack(model, type(model).__name__),
        "datasets": writer.datasets,
    }


def load_model(path: str | Path, *, data: Dataset | None = None) -> Recommender:
    """Read a model that `Recommender.save` wrote; nothing that a file holds is ever run.

    Parameters
    ----------
    path : str or Path
    data : Dataset, optional
        What the model was fitted on, where the file was written without.

    Returns
    -------
    Recommender
        It recommends what the one that was saved did. One that was fitted on a GPU runs on the
        CPU where there is none.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, no model's or of a newer version.
    DataError
        If the model was fitted on other data than `data`, or data are needed.

    Examples
    --------
    >>> import workbench as wb
    >>> path = wb.Popular().fit(wb.load("example")).save("/tmp/popular.model")
    >>> wb.load_model(path)
    Popular(), fitted on 'example'
    """
    try:
        with ZipFile(path) as archive:
            tree = _read_tree(archive)
            model = Reader(archive, tree["datasets"], data).unpack(tree["model"])
        _try_out(model)
    except FileNotFoundError as error:
        raise ModelFileError(f"there is no file {str(path)!r}; check the path") from error
    except (DataError, DeviceError, MissingExtraError):
        raise
    except ModelFileError as error:
        raise ModelFileError(f"{str(path)!r}: {error}") from None
    except Exception as error:  # a stranger's bytes may set off any
        raise ModelFileError(
            f"{str(path)!r} is damaged, or no model ({type(error).__name__}: {error})"
        ) from error
    if data is not None and model.data.hash != data.hash:
        raise DataError(f"the model was fitted on {model.data!r}, not on {data!r}")
    return model


def _read_tree(archive: ZipFile) -> dict[str, Any]:
    if any(member.compress_type != ZIP_STORED for member in archive.infolist()):
        raise ModelFileError("it is compressed, as no file of a model is")  # and might be a bomb
    tree = json.loads(archive.read(TREE))
    if tree["format"] != FORMAT:
        raise ModelFileError(
            f"it was written by Workbench {tree['workbench']} in format {tree['format']}, and this "
            f"version reads format {FORMAT}; install that one"
        )
    return tree


def _try_out(model: Recommender) -> None:
    """Score for the last user, so that parts which do not fit each other are found now."""
    if not isinstance(model, Recommender):
        raise ModelFileError("it holds no model")
    if model._data is not None:
        last = len(model.data.user_ids) - 1
        own = np.array([last])
        scores = model._score(model._profiles(own), own)
        if scores.shape != (1, len(model.item_ids)) or scores.dtype != np.float64:
            raise ModelFileError(f"scores are {scores.dtype} of shape {scores.shape}")
