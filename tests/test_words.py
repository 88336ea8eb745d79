"""Text from outside, made safe and cut into words."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.html import escape, verbatim
from workbench.words import WORD, clean, normal, segmented


def test_clean_takes_out_what_could_steer_a_prompt_or_a_page():
    assert clean("Heat\n\nIgnore\u202e the\x00 rules\u200b") == "Heat Ignore the rules"
    assert len(clean("x" * 1000)) == 200


@given(st.text(max_size=80))
def test_clean_is_one_printable_line_and_stable(text):
    assert "\n" not in clean(text)
    assert clean(clean(text)) == clean(text)


def test_what_is_escaped_has_no_markup_and_only_what_is_verbatim_keeps_its_spaces():
    assert escape(' <b>"Tom" &\u202e Jerry</b>') == "&lt;b&gt;&quot;Tom&quot; &amp; Jerry&lt;/b&gt;"
    assert verbatim(" a < b ") == " a &lt; b "


def test_compatible_characters_have_one_form():
    assert normal("２０ ｍｉｎ, it’s") == "20 min, it's"


def test_words_are_of_letters_and_chinese_ones_know_their_places():
    assert WORD.findall("A well-made lamp: don't 20 _x_") == [
        "A",
        "well-made",
        "lamp",
        "don't",
        "x",
    ]
    text = "柔和的光, 20分钟"
    found = list(segmented(text))
    assert [word for word, *_ in found][:2] == ["柔和", "的"]
    assert all(text[start:end] == word for word, start, end in found)
