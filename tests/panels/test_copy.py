import json

import pandas as pd
import pytest

import workbench as wb
from workbench.language.grounding import Claim
from workbench.panels import copy_cards
from workbench.strings import Strings

CLAIM = "它有一个故事。"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def model(movies):
    return wb.ItemKNN().fit(movies)


@pytest.fixture(scope="module")
def writer():
    return wb.Copywriter(candidates=2)


@pytest.fixture
def studio(model, writer, tmp_path):
    """In Chinese, which is written by hand, at once."""
    path = str(tmp_path / "approved.jsonl")
    options = {"n": 3, "language": "zh", "editor": "Ann", "path": path}
    return wb.panels.CopyStudio(model, 42, writer=writer, **options)


@pytest.fixture(scope="module")
def english(model, writer):
    """By the embedded model."""
    return wb.panels.CopyStudio(model, 42, writer=writer, n=2, editor="Ann")


def test_changing_the_tone_writes_what_the_copywriter_writes(english, model, writer, movies):
    english.controls["tone"].value = "plain"
    direct = writer.write(model.recommend([42], n=2), movies, tone="plain", seed=0)
    assert english.state.lines["text"].tolist() == direct["text"].tolist()
    assert english.state.tone == "plain"


def test_every_line_is_shown_with_its_source_and_the_facts_in_it(studio):
    assert len(studio.list.cards) == 3
    sources = [Strings("zh")(f"source.{name}") for name in studio.review.lines["source"]]
    for place, card in enumerate(studio.list.cards):
        assert sources[place] in card
        assert '<mark class="name" title="物品标题：' in card
        studio.list.value = place
        assert "因为您评价过" in studio.desk._head.value
        assert "来自用户历史：" in studio.desk._facts.value
    assert "此文案没有模型参与" in studio.desk._sent.value


def test_the_check_reads_as_one_types(studio):
    before = studio.desk.area.value
    studio.desk.area.value = before + CLAIM
    assert "没有依据的词：故事" in studio.desk._verdict.value
    assert CLAIM in studio.list.cards[0]
    assert "已修改" in studio.list.cards[0]
    studio.desk.area.value = before
    assert "通过核对" in studio.desk._verdict.value
    assert not studio.review.lines["edited"].any()


def test_approved_lines_of_all_users_are_exported(studio):
    studio.desk.approve.click()
    first = studio.review.lines["text"][0]
    studio.controls["user"].value = "83"
    studio.desk.area.value += CLAIM
    studio.desk.approve.click()
    assert "请先填写理由" in studio.desk._message.value
    studio.desk.reason.value = "it did"
    studio.desk.approve.click()
    studio.outbox.editor.value = "Bob"
    studio.list.value = 1
    studio.desk.approve.click()
    studio.outbox.export.click()
    assert "：3 条" in studio.outbox._message.value
    with open(studio.outbox.path.value, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    assert [row["user_id"] for row in rows] == [42, 83, 83]
    assert [row["status"] for row in rows] == ["approved", "flagged", "approved"]
    assert [row["editor"] for row in rows] == ["Ann", "Ann", "Bob"]
    assert rows[0]["text"] == first
    assert rows[1]["note"] == "it did"


def test_decisions_stay_when_the_tone_changes(studio):
    studio.desk.approve.click()
    kept, *_ = studio.review.lines["text"]
    studio.controls["tone"].value = "playful"
    studio.controls["seed"].value = 3
    assert studio.review.lines["text"][0] == kept
    assert "chip approved" in studio.list.cards[0]
    studio.desk.reopen.click()
    assert "chip approved" not in studio.list.cards[0]


def test_a_line_is_rejected_with_a_reason(studio):
    studio.desk.reject.click()
    assert "请先填写理由" in studio.desk._message.value
    studio.desk.reason.value = "dull"
    studio.desk.reject.click()
    assert studio.review.lines.loc[0, ["status", "note"]].tolist() == ["rejected", "dull"]
    studio.outbox.export.click()
    assert "no line is approved yet" in studio.outbox._message.value


def test_one_line_is_written_again_by_a_seed_of_its_own(english, model, writer, movies):
    first, second = english.review.lines["text"]
    english.list.value = 1
    english.desk.again.click()
    line = english.review.lines.loc[1]
    alone, seed = model.recommend([42], n=2).iloc[[1]], int(line["seed"])
    tone = english.state.tone
    assert line["text"] == writer.write(alone, movies, tone=tone, seed=seed)["text"].iloc[0]
    assert line["text"] == english.desk.area.value != second
    assert seed > 0
    assert english.review.lines["text"][0] == first
    (sent,) = writer.prompts(alone, movies, seed=seed)["sent"]
    assert copy_cards.cards.escape(sent) in english.desk._sent.value


def test_variants_stand_side_by_side_and_one_is_taken(studio):
    studio.desk.others.click()
    shown = studio.desk._variants.children
    assert len(shown) == 3
    shown[1].children[1].click()
    line = studio.review.lines.loc[0]
    assert line["text"] in shown[1].children[0].value
    assert not line["edited"]
    assert studio.desk.area.value == line["text"]


def test_a_length_holds_for_every_line(studio):
    studio.controls["length"].value = 30
    studio.desk.area.value = "好" * 31
    assert "超过所要求的长度：31" in studio.desk._verdict.value
    studio.controls["length"].value = 0
    assert "超过所要求的长度" not in studio.desk._verdict.value


def test_what_was_sent_names_no_user(writer):
    name = "Marianne Delacroix"
    ds = wb.load("shop")
    ids = ds.interactions["user_id"].replace("u004", name)
    renamed = wb.Dataset(ds.interactions.assign(user_id=ids), ds.items)
    draft = wb.panels.copy.CopyDraft(wb.ItemKNN().fit(renamed), writer, name, n=2, language="en")
    for line in range(2):
        assert draft.recs["item_id"].notna().all()
        assert "Marianne" not in draft.sent(line)
        assert "u00" not in draft.sent(line)


def test_titles_and_text_are_escaped():
    ds = wb.load("shop")
    hostile = ds.items.assign(title=HOSTILE + ds.items["title"], title_zh=ds.items["title_zh"])
    model = wb.ItemKNN().fit(wb.Dataset(ds.interactions, hostile))
    studio = wb.panels.CopyStudio(model, "u004", n=2, language="zh", editor=HOSTILE)
    studio.desk.area.value = HOSTILE
    studio.desk.reason.value = HOSTILE
    studio.desk.approve.click()
    desk = studio.desk
    parts = (desk._head, desk._marked, desk._verdict, desk._facts, desk._sent, desk._message)
    shown = "".join([*(part.value for part in parts), *studio.list.cards])
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_marks_are_laid_over_the_text_as_it_is():
    claims = [Claim(0, 4, "title", "Heat"), Claim(9, 14, "evidence.kind", "liked")]
    marked = copy_cards.marked("Heat, if loved & co", claims, Strings("en"))
    assert marked == (
        '<mark class="name" title="the item&#x27;s title: Heat">Heat</mark>, if '
        '<mark class="evidence" title="what the user did: rated highly">loved</mark> &amp; co'
    )


def test_a_reason_is_said_in_plain_words():
    english, chinese = Strings("en"), Strings("zh")
    assert copy_cards.in_words("number:7", chinese) == "数字没有依据：7"
    assert copy_cards.in_words("residue", english).startswith("It is no finished sentence")
    assert copy_cards.in_words("from-elsewhere:x", english) == "from-elsewhere:x"


def test_a_user_without_a_list_leaves_the_desk_empty():
    interactions = pd.DataFrame(
        {"user_id": [1, 2, 2], "item_id": ["a", "b", "c"], "rating": [1.0, 1.0, 1.0]}
    )
    items = pd.DataFrame({"item_id": ["a", "b", "c"], "title": ["Lamp", "Rug", "Chair"]})
    model = wb.ItemKNN().fit(wb.Dataset(interactions, items))
    studio = wb.panels.CopyStudio(model, 1, editor="Ann")
    assert studio.list.cards == []
    assert studio.desk.layout.display == "none"
