import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.language.llm.backend import Backend
from workbench.language.llm.local_model import LocalModel
from workbench.language.llm.model_registry import open_backend
from workbench.language.llm.sampling import cut_at, stream_until

TEXTS = st.text("ab.", max_size=12)
MARKS = st.lists(st.text("ab.", min_size=1, max_size=3), max_size=3)


@pytest.mark.parametrize(
    ("text", "stop", "found"),
    [
        ("one. two", [], "one. two"),
        ("one. two", ["."], "one"),
        ("one. two", ["two", "e"], "on"),
        ("one. two", ["three"], "one. two"),
    ],
)
def test_a_text_is_cut_at_the_first_stop_string(text, stop, found) -> None:
    assert cut_at(text, stop) == found


@given(pieces=st.lists(TEXTS, max_size=6), stop=MARKS)
@example(pieces=["b", ".", "b"], stop=[".", "b.b"])
def test_pieces_are_cut_as_their_whole_is(pieces, stop) -> None:
    """A stop string that began before another had ended was not waited for."""
    assert "".join(stream_until(pieces, stop)) == cut_at("".join(pieces), stop)


def test_a_piece_is_shown_as_soon_as_no_stop_string_can_begin_in_it() -> None:
    pieces = iter(["one", " two.", ". three"])
    shown = stream_until(pieces, ["..."])
    assert next(shown) == "one"
    assert next(shown) == " two"
    assert next(shown) == ".. three"


def test_a_model_by_name_or_folder_runs_here_and_a_backend_stays_itself() -> None:
    model = open_backend(device="cpu")
    assert isinstance(model, LocalModel)
    assert isinstance(model, Backend)
    assert model.name == "SmolLM2-135M-Instruct + adapter"
    assert open_backend("some/where", "cpu").name == "where"
    assert open_backend(model) is model
