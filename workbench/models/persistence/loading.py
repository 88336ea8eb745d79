"""A model out of its file."""

from pathlib import Path
from zipfile import ZipFile

from workbench.datasets import Dataset
from workbench.errors import DataError, DeviceError, MissingExtraError, ModelFileError
from workbench.models.persistence import model_file
from workbench.models.recommender import Recommender


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
        If the file is missing, damaged, no model's or of another version's format.
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
        with ZipFile(path) as file:
            model = model_file.read(file, data)
        if not isinstance(model, Recommender):
            raise ModelFileError("it holds no model")
        if model.is_fitted:
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


def _try_out(model: Recommender) -> None:
    """Score for the last user, so that parts which do not fit each other are found now."""
    scores = model.scores(model.data.user_ids[-1:])
    if scores.shape != (1, len(model.item_ids)) or scores.dtype != float:
        raise ModelFileError(f"scores are {scores.dtype} of shape {scores.shape}")
