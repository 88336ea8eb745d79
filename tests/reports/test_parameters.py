from pathlib import Path

import pytest

from workbench.errors import OptionError, UnknownIdError
from workbench.families import FAMILIES
from workbench.reports.parameters import Parameter, checked, declared_parameters
from workbench.reports.plan import plan


@pytest.fixture
def declared(notebook):
    return declared_parameters(notebook())


def test_the_cell_says_what_there_is(declared):
    assert list(declared) == [
        *("user_id", "dataset", "n", "metric", "language", "shrink", "labels", "fail", "seconds")
    ]
    assert declared["user_id"] == Parameter(
        "user_id", "int | str", "u1", "user id as it stands in the data"
    )
    assert declared["fail"] == Parameter("fail", "bool", False, "")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("user_id", "42", 42),
        ("user_id", "007", "007"),
        ("user_id", "u2", "u2"),
        ("n", "5", 5),
        ("shrink", "2", 2.0),
        ("shrink", 3, 3.0),
        ("fail", "yes", True),
        ("fail", "False", False),
        ("labels", "a,b", ["a", "b"]),
        ("labels", '["a, b"]', ["a, b"]),
        ("labels", ("a",), ["a"]),
        ("metric", "pearson", "pearson"),
    ],
)
def test_text_becomes_the_declared_type(declared, name, text, value):
    converted = declared[name].convert(text)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("n", "many", "n='many' must be of type int"),
        ("n", 2.5, "n=2.5 must be of type int"),
        ("n", True, "n=True must be of type int"),
        ("n", 0, "n=0 must be a whole number of 1 or more"),
        ("shrink", "much", "shrink='much' must be of type float"),
        ("fail", "maybe", "fail='maybe' must be of type bool"),
        ("dataset", 3, "dataset=3 must be of type str"),
        ("labels", 3, r"labels=3 must be of type list\[str\]"),
        ("user_id", 1.5, r"user_id=1.5 must be of type int \| str"),
        ("metric", "cosin", "did you mean 'cosine'"),
        ("language", "fr", "'en', 'zh'"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_type(declared, name, value, words):
    with pytest.raises(OptionError, match=words):
        declared[name].convert(value)


def test_families_stand_for_the_models_that_rank():
    declared = {"model": Parameter("model", "str", "popular", "one of: families; see there")}
    assert [checked("x", declared, {"model": name})["model"] for name in FAMILIES] == [*FAMILIES]
    with pytest.raises(OptionError, match="model='families' is not one of 'item-knn'"):
        checked("x", declared, {"model": "families"})


def test_none_where_none_is_declared():
    parameter = Parameter("model", "str | None", None, "")
    assert parameter.convert(None) is None
    assert parameter.convert("tiny") == "tiny"


def test_an_unknown_name_lists_the_valid_ones(declared):
    with pytest.raises(OptionError, match=r"'usr_id'.*mean 'user_id'.*Its parameters: user_id, d"):
        checked("tiny", declared, {"usr_id": 1})


def test_plan_fills_in_defaults_and_knows_the_data(notebook):
    planned = plan(str(notebook()), {"n": "7"})
    assert planned.parameters["n"] == 7
    assert planned.parameters["metric"] == "cosine"
    assert planned.data_name == "example"
    assert len(planned.data_hash) == 12


def test_names_of_files(notebook):
    tiny = str(notebook())
    plain = plan(tiny, {"user_id": "u2"}).stem
    assert plain == "tiny-u2"
    other = plan(tiny, {"user_id": "u2", "n": 4}).stem
    assert other.startswith("tiny-u2-")
    assert other == plan(tiny, {"n": "4", "user_id": "u2"}).stem
    assert other != plan(tiny, {"user_id": "u2", "n": 5}).stem


def test_a_user_cannot_name_a_path(notebook):
    Path("own.csv").write_text("user_id,item_id,rating\n../../x,a,1\n../../x,b,2\n../y,a,3\n")
    planned = plan(str(notebook()), {"dataset": "own.csv", "user_id": "../../x"})
    assert planned.parameters["user_id"] == "../../x"
    assert planned.stem.startswith("tiny-_x") or "/" not in planned.stem
    assert Path(planned.stem).name == planned.stem


def test_an_unknown_user_or_data_set_or_report_names_those_there_are(notebook):
    tiny = str(notebook())
    with pytest.raises(UnknownIdError, match="'u1'"):
        plan(tiny, {"user_id": "u9"})
    with pytest.raises(UnknownIdError, match="movielens-small"):
        plan(tiny, {"dataset": "movielens"})
    with pytest.raises(UnknownIdError, match="no report 'usr'"):
        plan("usr", {})


def test_text_ids_that_look_like_numbers_stay_text(notebook):
    Path("own.csv").write_text("user_id,item_id,rating\n1,a,1\nx,b,2\nx,a,3\n")
    planned = plan(str(notebook()), {"dataset": "own.csv", "user_id": 1})
    assert planned.parameters["user_id"] == "1"


def test_a_text_id_where_ids_are_numbers_is_unknown(notebook):
    Path("own.csv").write_text("user_id,item_id,rating\n1,a,1\n2,b,2\n2,a,3\n")
    with pytest.raises(UnknownIdError, match="'bob'"):
        plan(str(notebook()), {"dataset": "own.csv", "user_id": "bob"})


def test_a_notebook_without_parameters_takes_none(notebook):
    bare = str(notebook(("1",), ""))
    assert plan(bare, {}).stem == "tiny"
    with pytest.raises(OptionError, match="Its parameters: none"):
        plan(bare, {"n": 1})
