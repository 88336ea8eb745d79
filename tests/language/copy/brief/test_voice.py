import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.stand_ins import Scripted
from workbench.errors import OptionError
from workbench.language import Copywriter
from workbench.language.copy.brief.voice import Voice, without_emoji


def faults(voice, text, language="en", **names):
    return [str(reason) for reason in voice.faults(text, language, **names)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The best lamp of all.", "en", ["voice-never:best"]),
        ("A BEST-selling lamp.", "en", ["voice-never:best"]),
        ("Bestow a lamp.", "en", []),
        ("Rated #1, guaranteed.", "en", ["voice-never:#1", "voice-never:guaranteed"]),
        ("这是最好的台灯。", "zh", ["voice-never:最"]),
        ("全国销量第一，史无前例。", "zh", ["voice-never:第一", "voice-never:史无前例"]),
        ("最近有空，不妨看第一眼。", "zh", []),
        ("A lamp 💡 for you.", "en", ["voice-emoji:💡"]),
    ],
)
def test_superlatives_and_emoji_are_faults(text, language, expected):
    assert faults(Voice(), text, language) == expected


def test_reasons_say_where():
    (reason,) = Voice().faults("It is the best.", "en")
    assert (reason.code, reason.detail, reason.start, reason.end) == ("voice-never", "best", 10, 14)


def test_titles_are_names_whose_words_count_for_nobody():
    film = "The Best Years"
    assert faults(Voice(), f"Try {film}, the best.", names=[film]) == ["voice-never:best"]
    assert faults(Voice(), f"Try {film}.", names=[film]) == []


def test_length_counts_characters_and_the_own_list_replaces_the_shipped_one():
    voice = Voice(max_chars=20, never=["cheap"], emoji=True)
    assert faults(voice, "x" * 20) == []
    assert faults(voice, "x" * 21) == ["voice-length:21"]
    assert faults(voice, "best 💡 but Cheap") == ["voice-never:cheap"]
    assert without_emoji("A lamp 💡 for you.") == "A lamp for you."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tone": "angry"}, "tone='angry'"),
        ({"max_chars": 5}, "max_chars=5 must be a whole number of 20"),
        ({"use": "fresh"}, "use='fresh' must be a list"),
        ({"never": ["", "x"]}, "never holds ''"),
        ({"use": ["fresh"], "never": ["fresh"]}, "use='fresh' contradicts.*voice-never:fresh"),
        ({"use": ["the best"]}, "contradicts.*voice-never:best"),
        ({"use": ["sun ☀"]}, "contradicts.*voice-emoji"),
        ({"use": ["x" * 30], "max_chars": 20}, "contradicts.*voice-length"),
        ({"audience": 3}, "audience=3"),
    ],
)
def test_wrong_and_contradictory_settings_are_errors(settings, message):
    with pytest.raises(OptionError, match=message):
        Voice(**settings)


def test_a_voice_goes_through_a_file_and_back():
    voice = Voice(tone="plain", max_chars=80, use=["fresh"], never=["cheap"], audience="cooks")
    assert Voice.from_dict(voice.to_dict()) == voice
    with pytest.raises(OptionError, match=r"'tones' is not one of .*did you mean 'tone'"):
        Voice.from_dict({"tones": "plain"})


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=8), max_size=3))
def test_faults_lie_in_the_text(text, names):
    for language in ("en", "zh"):
        for reason in Voice(max_chars=30).faults(text, language, names=names):
            assert 0 <= reason.start < reason.end <= len(text)


def test_everything_delivered_keeps_to_the_voice(films, recs):
    """A limit that few sentences keep, and a word that many of them have."""
    voice = Voice(max_chars=60, never=["worth", "highly"], use=["evening"])
    copy = Copywriter(Scripted()).write(recs, films, voice=voice)
    assert set(copy.source) == {"pattern"}
    assert copy.text.str.len().max() <= 60
    assert not copy.text.str.contains("worth|highly").any()
    assert "evening" in copy.text[3]


def test_where_nothing_fits_the_voice_the_line_is_refused_visibly(films, recs):
    short = Copywriter(Scripted()).write(recs, films, voice=Voice(max_chars=20))
    assert set(short.source[short.text == ""]) == {"refused"}
    assert short.reason[short.text == ""].str.startswith("no-text").all()
    assert (short.text == "").any()


def test_a_tone_beside_another_voice_is_an_error(films, recs):
    with pytest.raises(OptionError, match="contradicts the voice, whose tone is 'warm'"):
        Copywriter().write(recs, films, voice=Voice(), tone="plain")


def test_a_capable_model_is_told_of_the_voice_and_held_to_it(films, recs):
    model = Scripted("Try the cosy Heat (1995) ☀ tonight.", "Heat (1995) is cosy company tonight.")
    voice = Voice(tone="playful", use=["cosy"], audience="people who cook")
    copy = Copywriter(model).write(recs.head(1), films, voice=voice)
    assert copy.text[0] == "Heat (1995) is cosy company tonight."
    rules = model.sent[0][0]["content"]
    for told in ("playful", "cosy", "people who cook", "at most 260 characters"):
        assert told in rules
    allowed = Voice(use=["cosy"], emoji=True)
    sunny = Copywriter(Scripted("Try the cosy Heat (1995) ☀ tonight.")).write(
        recs.head(1), films, voice=allowed
    )
    assert (sunny.source[0], "☀" in sunny.text[0]) == ("model", True)
    assert without_emoji("Tonight ☀. ☀ Now.") == "Tonight. Now."
