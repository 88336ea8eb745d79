"""What nothing supports is refused and good copy is not; what passes all the same is known."""

from collections import Counter

import pytest

from tests.language.grounding.false_texts import verdicts


@pytest.fixture(scope="module")
def read():
    return list(verdicts())


def test_the_set_is_large(read):
    size = Counter((kind == "true", language) for kind, language, _, _ in read)
    assert size[False, "en"] >= 550
    assert size[False, "zh"] >= 160
    assert size[True, "en"] + size[True, "zh"] >= 120


@pytest.mark.parametrize(("kind", "sound"), [("attack", False), ("true", True), ("limit", True)])
def test_what_nothing_supports_is_refused_and_good_copy_is_not(read, kind, sound):
    wrong = {
        text: reasons for each, _, text, reasons in read if each == kind and (not reasons) != sound
    }
    assert wrong == {}
