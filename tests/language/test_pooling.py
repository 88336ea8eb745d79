from collections import namedtuple

import pytest

from workbench.errors import OptionError
from workbench.language import Copywriter, Pool, Voice, pooling
from workbench.language.pooling import gather, kinds_in

from .stand_ins import Scripted as Answering

Reply = namedtuple("Reply", "text")


class Scripted:
    """Continues every opening with the same texts in turn, as a model that repeats itself would."""

    name = "scripted"

    def __init__(self, *rounds):
        self._rounds, self.asked = list(rounds), []

    def __repr__(self):
        return "scripted · float32 · CPU"

    def complete(self, prompts, *, samples, phrases, seed):
        self.asked.append((prompts, phrases, seed))
        texts = self._rounds.pop(0)
        if texts is KeyboardInterrupt:
            raise KeyboardInterrupt
        return [[Reply(text) for text in texts] for _ in prompts]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(pooling, "BATCH", 2)
    monkeypatch.setattr(pooling, "SAMPLES", 2)


def written(backend, ds, **options):
    asked = {"free": False, "size": 4, "language": "en", "kinds": ["none"], "seed": 0}
    return gather(backend, ds, progress=False, **asked | options)


def test_what_a_data_set_can_give_as_evidence(films, goods):
    assert kinds_in(films) == ["liked", "own", "similar", "popular", "none"]
    assert kinds_in(goods) == ["bought", "own", "similar", "popular", "none"]


def test_only_sound_and_new_sentences_that_hold_for_every_item_are_kept(films):
    texts = [
        " a good choice for a quiet night.",
        " the best film for a quiet night.",  # a superlative
        " a good choice for a quiet night at home.",  # much like the first
        " a thrilling film, and worth a look.",  # of thrillers alone
        " worth your time, and easy to enjoy this weekend.",
        "",
    ]
    pool = written(Scripted(*[texts] * 8), films)
    raw = sorted(sentence.raw for sentence in pool.sentences)
    assert raw == [texts[0], texts[4]]
    assert {s.model for s in pool.sentences} == {"scripted · float32 · CPU"}


def test_genre_gives_way_to_a_slot_and_takes_its_article_along(films):
    texts = [
        f" {a} {genre} film to watch tonight."
        for a, genre in [("an", "action"), ("a", "crime"), ("a", "comedy")]
    ]
    pool = written(Scripted(*[texts] * 8), films)
    assert {s.text.partition("{title} ")[2].split(" ", 1)[1] for s in pool.sentences} == {
        "{a_genre} film to watch tonight."
    }


def test_small_models_are_held_to_words_of_no_genre_and_capable_ones_are_not(films):
    backend = Scripted([""], [""], [""], [""], [""], [""], [""], [""])
    written(backend, films)
    phrases = backend.asked[0][1]
    assert len(phrases) == 2
    assert "worth a look" in phrases[0]
    assert not {"thrilling", "laughs", "romantic"} & set(phrases[0]) | {"crime"} & set(phrases[1])
    backend = Scripted([""], [""], [""], [""], [""], [""], [""], [""])
    written(backend, films, free=True)
    assert backend.asked[0][1] is None


def test_interrupted_it_returns_what_was_kept(films):
    backend = Scripted([" a good choice for a quiet night."], KeyboardInterrupt)
    with pytest.warns(UserWarning, match="1 of 4 sentences"):
        pool = written(backend, films)
    assert len(pool) == 1


def test_the_embedded_model_writes_a_pool_that_its_seed_repeats(writer, films, monkeypatch):
    monkeypatch.setattr(pooling, "PATIENCE", 4)
    pool = writer.pool(films, size=2, kinds=["similar"], seed=1)
    assert pool.sentences == writer.pool(films, size=2, kinds=["similar"], seed=1).sentences
    assert len(pool) >= 1
    for sentence in pool.sentences:
        assert sentence.faults() == []
        assert sentence.model == "SmolLM2-135M-Instruct + adapter · float32 · CPU"


def test_a_written_pool_is_what_write_takes(films, recs):
    texts = [" a good choice for a quiet night."]
    pool = written(Scripted(*[texts] * 8), films, kinds=["similar", "none"])
    copy = Copywriter().write(recs, films, mode="pool", pool=pool)
    assert copy.source.tolist() == ["pattern", "pool", "pattern", "pool"]
    assert isinstance(pool, Pool)


def test_a_model_that_only_answers_writes_no_pool(films):
    with pytest.raises(OptionError, match="only answers conversations"):
        Copywriter(Answering()).pool(films)


def test_a_pool_is_held_to_a_voice(films, recs):
    pool = written(Scripted(*[[" a good choice for a quiet night."]] * 8), films, kinds=["none"])
    free = Copywriter().write(recs, films, mode="pool", pool=pool)
    assert "pool" in set(free.source)
    voice = Voice(max_chars=70, never=["quiet"])
    held = Copywriter().write(recs, films, mode="pool", pool=pool, voice=voice)
    assert not held.text.str.contains("quiet").any()
    assert held.text.str.len().max() <= 70
    assert held[list(recs.columns)].equals(recs)
