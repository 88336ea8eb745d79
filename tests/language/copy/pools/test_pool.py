import json
import random

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.datasets import Dataset
from workbench.errors import DataError, DataFileError, OptionError
from workbench.evidence import ByItem, ByUser
from workbench.language import Copywriter, Pool
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.pools.slotted_sentence import SlottedSentence
from workbench.language.grounding.check import check

LIKED = SlottedSentence("If you loved {because}, {title} is worth a look.", "en", "liked", "film")
OWN = SlottedSentence(
    "After {because}, {title} is {a_genre} film for tonight.", "en", "own", "film"
)
SIMILAR = SlottedSentence("People who share your taste chose {title}.", "en", "similar")
PLAIN = SlottedSentence("For your list: {title}, a good choice.", "en", "none", tone="plain")
SMALL = Pool([LIKED, OWN, SIMILAR, PLAIN])


def bad(copy, ds, language="en"):
    catalogue = EvidenceReader(ds, language=language)
    return {
        line.text: found
        for line in copy.itertuples()
        if (
            found := check(line.text, catalogue.row(line.item_id), line.evidence, language=language)
        )
    }


def test_each_situation_gets_its_sentence_and_each_slot_its_value(films, recs):
    copy = SMALL.fill(recs, films)
    assert copy.text[0] in (
        "If you loved Casino, Heat (1995) is worth a look.",
        "After Casino, Heat (1995) is an action film for tonight.",
    )
    assert copy.text[1] == "People who share your taste chose Amelie (2001)."
    assert copy.sentence[1] == SIMILAR.text
    # No sentence of this pool is about what is popular, nor of this tone without evidence.
    assert copy.source.tolist() == ["pool", "pool", "pattern", "pattern"]
    assert copy.evidence[1] == [{"kind": "similar", "count": 1}]
    assert bad(copy, films) == {}


def test_tone_is_heeded(films, recs):
    copy = SMALL.fill(recs, films, tone="plain")
    assert copy.text[3] == "For your list: Amelie (2001), a good choice."


def test_a_list_names_other_evidence_of_the_same_kind_first(films):
    both = [ByItem(2, 0.5), ByItem(3, 0.4)]
    recs = pd.DataFrame({"user_id": 7, "item_id": [1, 4], "because": [both, both]})
    first, second = Pool([LIKED, OWN]).fill(recs, films).text
    assert "Casino" in first
    assert "The Godfather" in second


def test_a_user_reads_the_same_whoever_else_is_there():
    ds = wb.load("shop")
    recs = wb.ItemKNN().fit(ds).recommend(users=list(ds.user_ids[:40]), n=5)
    copy = Pool.shipped("zh").fill(recs, ds, language="zh", seed=5)
    alone = recs.user_id == ds.user_ids[17]
    again = Pool.shipped("zh").fill(recs[alone], ds, language="zh", seed=5)
    pd.testing.assert_frame_equal(copy[alone], again)
    other = Pool.shipped("zh").fill(recs, ds, language="zh", seed=6)
    assert (copy.text != other.text).mean() > 0.5


@pytest.mark.parametrize("data", ["shop", "movielens-small"])
def test_a_random_sample_of_lines_is_accepted_by_the_checker(data):
    ds = wb.load(data)
    recs = wb.ItemKNN().fit(ds).recommend(users=list(ds.user_ids[:100]), n=10)
    copy = Copywriter().write(recs, ds, mode="pool")
    assert (copy.source == "pool").mean() > 0.97
    assert bad(copy.sample(150, random_state=0), ds) == {}


AWKWARD = ["It", "Go", "Loved", "If", "choice", "Heat, The", "喜欢", "片", "{title}", "100%", "“"]


@settings(max_examples=40)
@example(title="It", other="喜欢", genre="Crime", language="en")
@given(
    title=st.sampled_from(AWKWARD) | st.text(min_size=1, max_size=12),
    other=st.sampled_from(AWKWARD) | st.text(min_size=1, max_size=12),
    genre=st.sampled_from(["Crime", "the best"]) | st.text(max_size=8),
    language=st.sampled_from(["en", "zh"]),
)
def test_no_title_or_genre_brings_an_unsound_line(title, other, genre, language):
    items = pd.DataFrame(
        {
            "item_id": [1, 2],
            "title": [title, other],
            "year": [1999.0, 2000.0],
            "genres": [["Drama", genre], [genre]],
        }
    )
    seen = pd.DataFrame({"user_id": [7, 8], "item_id": [2, 1], "rating": [5.0, 2.0]})
    ds = Dataset(seen, items, name="awkward")
    recs = pd.DataFrame({"user_id": [7], "item_id": [1], "because": [[ByItem(2, 1.0)]]})
    try:
        copy = (SMALL if language == "en" else Pool.shipped("zh")).fill(recs, ds, language=language)
    except DataError:  # an item that no sentence can name is an error, not a line
        return
    assert bad(copy, ds, language) == {}


def test_a_title_that_a_sentence_contains_is_not_left_to_chance(films):
    ds = Dataset(films.interactions, films.items.replace("Heat", "People"), name="films")
    recs = pd.DataFrame({"user_id": [7], "item_id": [1], "because": [[ByUser(8, 1.0)]]})
    assert bad(SMALL.fill(recs, ds), ds) == {}


def test_a_title_turned_about_is_not_read_across_the_comma(films):
    """After "If you loved The Godfather", "The Heat" made "Godfather, The" for the checker."""
    ds = Dataset(films.interactions, films.items.replace("Heat", "Heat, The"), name="films")
    recs = pd.DataFrame({"user_id": [7], "item_id": [1], "because": [[ByItem(3, 1.0)]]})
    copy = Pool([LIKED]).fill(recs, ds)
    assert "The Heat" in copy.text[0]
    assert bad(copy, ds) == {}


def test_saved_and_loaded_it_is_the_same(tmp_path):
    again = Pool.load(SMALL.save(tmp_path / "pool.jsonl"))
    assert again.sentences == SMALL.sentences
    assert [path.name for path in tmp_path.iterdir()] == ["pool.jsonl"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2, is not a sentence"),
        ("[]", "line 2, is not a sentence"),
        ('"x"', "line 2, is not a sentence"),
        ('{"text": "x"}', "line 2, is not a sentence.*missing"),
        (json.dumps({**vars(LIKED), "command": "x"}), "line 2, is not a sentence.*command"),
        ("[" * 100_000, "line 2, is not a sentence"),
        ("\x00\xff", "line 2, is not a sentence"),
    ],
    ids=["cut", "list", "string", "missing", "unknown", "deep", "binary"],
)
def test_a_bad_file_is_named_with_its_line(tmp_path, line, reason):
    path = SMALL.save(tmp_path / "pool.jsonl")
    first = path.read_text("utf-8").splitlines()[0]
    path.write_text(f"{first}\n{line}\n", "utf-8")
    with pytest.raises(DataFileError, match=reason):
        Pool.load(path)


def test_a_file_that_cannot_be_read_or_written_is_an_error(tmp_path):
    with pytest.raises(DataFileError, match="cannot be read"):
        Pool.load(tmp_path / "none.jsonl")
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    with pytest.raises(DataFileError, match="cannot be read"):
        Pool.load(tmp_path / "latin")
    with pytest.raises(DataFileError, match="cannot be written"):
        SMALL.save(tmp_path / "no" / "folder.jsonl")


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("{title} is the best film.", "none", "best"),
        ("{title} is a crime film to watch.", "none", "crime"),
        ("Many people chose {title} for you.", "none", "many"),
        ("Visit https://evil.example for {title}.", "none", "residue"),
        ("<b>{title}</b> is worth a look.", "none", "residue"),
        ("{title.__class__} and {title} are here.", "none", "other slots"),
        ("{title!r} is worth a look.", "none", "other slots"),
        ("{title:>999} is worth a look.", "none", "other slots"),
        ("{0} {title} is worth a look.", "none", "other slots"),
        ("{title is worth a look.", "none", "expected '}'"),
        ("It is worth a look at home.", "none", "needs {title} once"),
        ("{title}, {title} is worth a look.", "none", "needs {title} once"),
        ("{title} is worth a look tonight.", "own", "{because} once"),
        ("After {because}, {title} is a good choice.", "none", "{because} once"),
        ("{title} is {a_genre} to watch.", "none", "noun"),
        ("{title} " + "x" * 400, "none", "longer"),
        (7, "none", "not text"),
        ("{title} is worth a look.", "loved", "kind: 'loved' is not one of"),
    ],
)
def test_a_sentence_that_not_every_item_supports_stays_out(text, kind, reason):
    with pytest.raises(DataError, match="sentence 1") as error:
        Pool([SlottedSentence(text, "en", kind, "film")])
    assert reason in str(error.value)


def test_repr_shows_sizes_by_situation_and_repeats_are_left_out():
    pool = SMALL + Pool([LIKED])
    assert len(pool) == 4
    assert repr(pool).startswith("Pool(4 sentences)\n")
    assert pool.sizes.loc[("en", "none", "any"), "plain"] == 1
    assert repr(Pool([])) == "Pool(0 sentences)"


def test_the_shipped_english_pool_was_written_by_the_model_and_is_sound():
    pool = Pool.shipped("en")
    assert {sentence.model.split(" · ")[0] for sentence in pool.sentences} == {
        "SmolLM2-135M-Instruct + adapter"
    }
    assert {sentence.tone for sentence in pool.sentences} == {"warm", "plain", "playful"}
    chosen = random.Random(0).sample(pool.sentences, 60)
    assert {s.text: s.faults() for s in chosen if s.faults()} == {}
    for sentence in pool.sentences:
        # What follows the opening is the model's, but for what slots stand for.
        start = sentence.raw.split()[0]
        assert f" {start}" in sentence.text or sentence.slots - {"title", "because"}


def test_a_use_that_a_sentence_does_not_go_with_is_not_put_into_it(goods):
    items = goods.items.assign(description="Mug by Ann: red. For evenings at home.")
    ds = Dataset(goods.interactions, items)
    sentences = [
        SlottedSentence("For you at home, {title} is a choice {use_for}.", "en", "none", "shop"),
        SlottedSentence("Here is a thought: {title} is a choice {use_for}.", "en", "none", "shop"),
        SlottedSentence("{title} is good and {use_trait}.", "en", "none", "shop"),
    ]
    recs = pd.DataFrame({"user_id": "u", "item_id": items.item_id, "because": [[]] * len(items)})
    copy = Copywriter().write(recs, ds, mode="pool", pool=Pool(sentences))
    filled = copy.text[copy.source == "pool"]
    assert len(filled)
    assert filled.str.startswith("Here is a thought: ").all()
    assert filled.str.endswith("a choice for evenings at home.").all()


def test_bad_arguments_name_the_good_ones(films, recs):
    with pytest.raises(OptionError, match="'direct', 'pool'"):
        Copywriter().write(recs, films, mode="fast")
    with pytest.raises(OptionError, match="'en', 'zh'"):
        Pool.shipped("fr")
    with pytest.raises(OptionError, match=r"Pool\.shipped"):
        Copywriter().pool(films, language="zh")
    with pytest.raises(OptionError, match="kinds"):
        Copywriter().pool(films, kinds=["loved"])
    with pytest.raises(DataError, match="because"):
        SMALL.fill(recs.drop(columns="because"), films)
    assert SMALL.fill(recs.head(0), films).empty


@pytest.mark.parametrize("data", ["shop", "movielens-small"])
def test_read_at_once_or_one_by_one_evidence_is_the_same(data):
    ds = wb.load(data)
    users, items = list(ds.user_ids[:3]), list(ds.items["item_id"][:5])
    at_once = EvidenceReader(ds)
    at_once.read(users, items)
    for user in users:
        seen = [(item, 1.0) for item in ds.history(user)["item_id"][:4]]
        for item in items:
            found = at_once.evidence(user, item, seen)
            assert found == EvidenceReader(ds).evidence(user, item, seen)
            ratings = [e["rating"] for e in found if "rating" in e]
            assert ratings == sorted(ratings, reverse=True)
