"""From what a user names to the language model that writes."""

from importlib.util import find_spec
from pathlib import Path

from workbench.errors import MissingExtraError, OptionError
from workbench.language.llm.adapter import FOLDER as ADAPTER
from workbench.language.llm.backend import Backend
from workbench.language.llm.embedded_model import embedded_model


def open_backend(model: str | Path | Backend | None = None, device: str = "auto") -> Backend:
    """Return the backend of a local folder or hub id; None is the embedded model, taught to write.

    A backend is returned as it is.

    Raises
    ------
    OptionError
        If the model is something else.
    MissingExtraError
        If PyTorch is not installed.
    ModelFileError
        If the embedded model is not installed or its file is damaged.
    """
    if isinstance(model, Backend):
        return model
    if not isinstance(model, str | Path | None):
        raise OptionError(
            f"model={model!r} is no folder, no hub id and no backend: one has name, generate and "
            "stream"
        )
    if find_spec("torch") is None:
        raise MissingExtraError("torch", "language", "Writing with a language model")
    if model is None:
        embedded_model()
    from workbench.language.llm.local_model import LocalModel

    return LocalModel(model, device=device, adapter=ADAPTER if model is None else None)
