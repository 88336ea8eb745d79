"""Models that fail halfway, under the whole of `Copywriter.write`."""

import numpy as np
import pandas as pd
import pytest

from tests.language.stand_ins import Scripted
from workbench.errors import BackendError, InterruptedWriting, OptionError, PartialError
from workbench.language import Copywriter, Pool
from workbench.language.llm.backend import Reply

GOOD = "Since you loved Casino, Heat (1995) is a crime film worth your evening."


class Failing(Scripted):
    """Raises what it holds, one a call, and answers for ever after."""

    def __init__(self, *errors):
        super().__init__(GOOD)
        self.errors = list(errors)

    def generate(self, conversations, **settings):
        replies = super().generate(conversations, **settings)
        if self.errors and (error := self.errors.pop(0)):
            raise error
        return replies


def replies(*texts):
    return [[Reply(text, None, 0, 0)] if text else [] for text in texts]


@pytest.fixture
def three(recs):
    """Recommendations to three readers, of whom each may read the same line."""
    return pd.concat([recs.head(1).assign(user_id=7, rank=n) for n in range(3)], ignore_index=True)


HOW = "http://host/v1 answered 500. Raise retries"


def test_what_came_is_used_and_the_rest_is_written_by_hand_with_one_warning(films, three):
    model = Failing(PartialError("2 of 3", replies(GOOD, "", ""), ["", HOW, HOW]))
    with pytest.warns(UserWarning, match="2 of 3 texts are hand-written.*answered 500") as told:
        copy = Copywriter(model).write(three, films)
    assert len(told) == 1
    assert told[0].filename == __file__
    assert copy.source.tolist() == ["model", "pattern", "pattern"]
    assert copy.reason.tolist() == ["", *[f"model-failed:{HOW}"] * 2]
    assert copy.text[0] == GOOD
    assert copy.model.tolist() == ["scripted", "patterns", "patterns"]
    assert len(model.sent) == 3  # what failed is not asked for again


def test_only_what_was_rejected_is_asked_for_again(films, three):
    bad = "Heat (1995) won an award."
    model = Failing(PartialError("1 of 3", replies(bad, "", GOOD), ["", HOW, ""]))
    with pytest.warns(UserWarning, match="1 of 3 texts"):
        copy = Copywriter(model).write(three, films)
    assert copy.reason.tolist() == ["", f"model-failed:{HOW}", ""]
    assert len(model.sent) == 3 + 1


def test_a_second_round_that_fails_loses_nothing_of_the_first(films, three):
    bad = "Heat (1995) won an award."
    first = PartialError("0 of 3", replies(GOOD, bad, bad), ["", "", ""])
    with pytest.warns(UserWarning, match="2 of 3 texts.*gone"):
        copy = Copywriter(Failing(first, BackendError("gone"))).write(three, films)
    assert copy.source.tolist() == ["model", "pattern", "pattern"]


def test_if_nothing_came_it_is_an_error(films, three):
    with pytest.raises(BackendError, match="no key"):
        Copywriter(Failing(BackendError("no key"))).write(three, films)
    with pytest.raises(KeyboardInterrupt):
        Copywriter(Failing(KeyboardInterrupt())).write(three, films)


def test_interrupted_it_keeps_what_came_and_asks_no_more(films, three):
    model = Failing(InterruptedWriting(replies(GOOD, "Heat (1995) won an award.", "")))
    with pytest.warns(UserWarning, match="2 of 3 texts.*interrupted"):
        copy = Copywriter(model).write(three, films)
    assert copy.source.tolist() == ["model", "pattern", "pattern"]
    assert copy.reason.tolist() == ["", *["model-failed:interrupted"] * 2]
    assert len(model.sent) == 3


@pytest.mark.parametrize("kind", ["email", "intro", "welcome"])
def test_other_kinds_of_text_are_completed_too(films, three, kind):
    count = 3 if kind == "email" else 1
    answers = replies(*["Heat (1995) won an award."] + [""] * (count - 1))
    model = Failing(PartialError("", answers, ["", HOW, HOW][:count]), BackendError("gone"))
    with pytest.warns(UserWarning, match="hand-written"):
        copy = Copywriter(model).write(three, films, kind=kind)
    assert set(copy.source) == {"pattern"}
    assert (copy.text != "").all()
    assert copy.reason.str.startswith("model-failed:").all()


def test_seeds_of_numpy_are_seeds_everywhere(films, recs):
    writer = Copywriter(Scripted(GOOD))
    one, other = (writer.write(recs, films, seed=seed) for seed in (3, np.int64(3)))
    pd.testing.assert_frame_equal(one, other)
    assert type(other.seed[0]) is type(one.seed[0])
    writer.prompts(recs, films, seed=np.int32(3))
    writer.write_one(7, 1, films, seed=np.uint8(3))
    writer.write(recs, films, mode="pool", seed=np.int64(3))
    Pool.shipped("zh").fill(recs, films, language="zh", seed=np.int64(3))
    model = Scripted("Here is a thought: {title} is worth a look.")
    pool = Copywriter(model).pool(films, size=1, kinds=["none"], seed=np.int64(3))
    assert [type(sentence.seed) for sentence in pool.sentences] == [int]


@pytest.mark.parametrize("seed", [1.0, True, np.float64(2), -1, "3", None])
def test_a_seed_that_is_none_is_an_error(films, recs, seed):
    writer = Copywriter(Scripted(GOOD))
    for call in (
        lambda: writer.write(recs, films, seed=seed),
        lambda: writer.write(recs, films, mode="pool", seed=seed),
        lambda: writer.write_one(7, 1, films, seed=seed),
        lambda: writer.prompts(recs, films, seed=seed),
        lambda: writer.pool(films, seed=seed),
        lambda: Pool.shipped("en").fill(recs, films, seed=seed),
    ):
        with pytest.raises(OptionError, match=r"seed=.* must be a whole number of 0 or more"):
            call()
