import json

import pandas as pd
import pytest

import workbench as wb
from tests.language.copy.brief.test_domain import domain
from tests.language.stand_ins import Scripted
from workbench.errors import OptionError
from workbench.html import escape
from workbench.language.grounding.violation import Claim
from workbench.panels.copy import copy_cards
from workbench.panels.copy.copy_draft import CopyDraft
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
    assert len(studio.picker.cards) == 3
    sources = [Strings("zh")(f"source.{name}") for name in studio.review.lines["source"]]
    for place, card in enumerate(studio.picker.cards):
        assert sources[place] in card
        assert '<mark class="name" title="物品标题：' in card
        studio.picker.value = place
        assert "因为您评价过" in studio.line_editor.about.value
        assert "来自用户历史：" in studio.line_editor.facts.value
    assert "此文案没有模型参与" in studio.line_editor.prompt.value


def test_the_check_reads_as_one_types(studio):
    before = studio.line_editor.area.value
    studio.line_editor.area.value = before + CLAIM
    assert "没有依据的词：故事" in studio.line_editor.verdict.value
    assert CLAIM in studio.picker.cards[0]
    assert "已修改" in studio.picker.cards[0]
    studio.line_editor.area.value = before
    assert "通过核对" in studio.line_editor.verdict.value
    assert not studio.review.lines["edited"].any()


def test_a_keystroke_makes_the_table_of_all_lines_once(studio, monkeypatch):
    """It was made anew for every question to it, several times a keystroke."""
    tables, table = [], wb.Review.lines.fget
    monkeypatch.setattr(
        wb.Review, "lines", property(lambda review: (tables.append(1), table(review))[1])
    )
    studio.line_editor.area.value += "好"
    assert len(tables) == 1
    studio.picker.value = 1
    assert len(tables) == 2


def test_an_email_in_the_editor_is_as_large_as_any_text():
    line = pd.Series({"text": "Heat.", "subject": "For you"})
    shown = copy_cards.marked_line(line, [], Strings("en"), size="large")
    assert shown.startswith('<div class="copy subject large">')
    assert shown.endswith('<div class="copy large">Heat.</div>')


def test_approved_lines_of_all_users_are_exported(studio):
    studio.line_editor.buttons["approve"].click()
    first = studio.review.lines["text"][0]
    studio.controls["user"].value = "83"
    studio.line_editor.area.value += CLAIM
    studio.line_editor.buttons["approve"].click()
    assert "请先填写理由" in studio.line_editor.message.value
    studio.line_editor.reason.value = "it did"
    studio.line_editor.buttons["approve"].click()
    studio.export_box.editor.value = "Bob"
    studio.picker.value = 1
    studio.line_editor.buttons["approve"].click()
    studio.export_box.export_button.click()
    assert "：3 条" in studio.export_box.message.value
    with open(studio.export_box.path.value, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    assert [row["user_id"] for row in rows] == [42, 83, 83]
    assert [row["status"] for row in rows] == ["approved", "flagged", "approved"]
    assert [row["editor"] for row in rows] == ["Ann", "Ann", "Bob"]
    assert rows[0]["text"] == first
    assert rows[1]["note"] == "it did"


@pytest.fixture
def finance():
    """A list for somebody of medium risk: one item suits, one of high risk does not."""
    ds = domain("finance")
    chosen = pd.DataFrame({"user_id": ["ada", "bo", "cy"], "item_id": [0, 1, 2], "rating": 5.0})
    model = wb.Popular().fit(wb.Dataset(chosen, ds.items, ds.users, name="funds"))
    return wb.panels.CopyStudio(
        model, "bo", writer=wb.Copywriter(Scripted()), n=2, preset="finance", editor="Ann"
    )


def test_the_subject_of_an_email_is_edited_beside_its_text(studio):
    assert studio.line_editor.subject.layout.display == "none"
    studio.controls["kind"].value = "email"
    assert studio.line_editor.subject.layout.display is None
    line = studio.review.lines.loc[studio.line]
    assert (studio.line_editor.subject.value, studio.line_editor.area.value) == (
        line["subject"],
        line["text"],
    )
    assert studio.line_editor.area.rows >= line["text"].count("\n") + 1
    studio.line_editor.subject.value = "一个故事"
    assert "主题：没有依据的词：故事" in studio.line_editor.verdict.value
    assert "一个故事" in studio.picker.cards[0]
    assert "已修改" in studio.picker.cards[0]
    studio.line_editor.buttons["vary"].click()
    shown = studio.line_editor.variants.children[0].children[0].value
    assert '<span class="soft">主题</span>' in shown
    studio.controls["kind"].value = "line"
    assert studio.line_editor.subject.layout.display == "none"
    assert studio.line_editor.message.value == ""


@pytest.mark.parametrize("kind", ["intro", "welcome"])
def test_a_text_about_the_whole_list_stands_alone(studio, kind):
    studio.picker.value = 2
    studio.controls["kind"].value = kind
    assert len(studio.picker.cards) == len(studio.state.lines) == 1
    assert studio.picker.value == 0
    titles = studio.ds.titles_in("zh")[studio.state.recs["item_id"]]
    assert f"清单内容：“{titles.iloc[0]}”、“{titles.iloc[1]}”" in studio.line_editor.about.value
    assert ("整份清单（3）" in studio.picker.cards[0]) == (kind == "intro")
    before = studio.line_editor.area.value
    studio.line_editor.buttons["again"].click()
    assert studio.line_editor.area.value != before
    studio.line_editor.buttons["approve"].click()
    assert "chip approved" in studio.picker.cards[0]


def test_another_domain_holds_for_the_lines_that_it_brings(finance):
    warning = "Your capital is at risk."
    assert finance.line_editor.area.value.endswith(warning)
    finance.line_editor.buttons["approve"].click()
    finance.controls["preset"].value = ""
    assert finance.review.preset is None
    assert finance.review.lines["preset"].tolist() == ["finance", "shop"]
    assert "The user stated: medium risk" in finance.line_editor.about.value
    finance.picker.value = 1
    assert not finance.line_editor.area.value.endswith(warning)


def test_a_refused_line_says_why_and_can_only_be_rejected(finance):
    why = "It does not suit this user: risk high, above the user&#x27;s own"
    assert why in finance.picker.cards[1]
    finance.picker.value = 1
    assert why in finance.line_editor.verdict.value
    assert finance.line_editor.buttons["approve"].disabled
    finance.line_editor.reason.value = "of course"
    finance.line_editor.buttons["reject"].click()
    assert "chip rejected" in finance.picker.cards[1]
    finance.picker.value = 0
    assert not finance.line_editor.buttons["approve"].disabled


def test_a_domain_that_does_not_suit_the_data_says_so_and_shows_no_lines(studio):
    studio.controls["preset"].value = "finance"
    assert "needs the column &#x27;risk_preference&#x27; in the users" in studio.message.value
    assert studio.picker.cards == []
    assert studio.line_editor.layout.display == "none"
    studio.controls["preset"].value = "film"
    assert studio.message.value == ""
    assert len(studio.picker.cards) == 3


def test_a_domain_of_ones_own_is_offered_and_a_wrong_one_refused(model, writer, tmp_path):
    path = tmp_path / "cinema.toml"
    path.write_text('goods = {en = "film", zh = "影片"}\nlike = "film"', encoding="utf-8")
    options = {"writer": writer, "n": 1, "language": "zh"}
    studio = wb.panels.CopyStudio(model, 42, preset=path, **options)
    assert studio.controls["preset"].options[-1] == ("cinema", path)
    assert studio.review.lines["preset"].tolist() == ["cinema"]
    with pytest.raises(OptionError, match=r"preset='films'.*did you mean 'film'"):
        wb.panels.CopyStudio(model, 42, preset="films", **options)
    with pytest.raises(OptionError, match=r"kind='mail'.*did you mean 'email'"):
        wb.panels.CopyStudio(model, 42, kind="mail", **options)


def test_decisions_stay_when_the_tone_changes(studio):
    studio.line_editor.buttons["approve"].click()
    kept, *_ = studio.review.lines["text"]
    studio.controls["tone"].value = "playful"
    studio.controls["seed"].value = 3
    assert studio.review.lines["text"][0] == kept
    assert "chip approved" in studio.picker.cards[0]
    studio.line_editor.buttons["reopen"].click()
    assert "chip approved" not in studio.picker.cards[0]


def test_a_line_is_rejected_with_a_reason(studio):
    studio.line_editor.buttons["reject"].click()
    assert "请先填写理由" in studio.line_editor.message.value
    studio.line_editor.reason.value = "dull"
    studio.line_editor.buttons["reject"].click()
    assert studio.review.lines.loc[0, ["status", "note"]].tolist() == ["rejected", "dull"]
    studio.export_box.export_button.click()
    assert "no line is approved yet" in studio.export_box.message.value


def test_one_line_is_written_again_by_a_seed_of_its_own(english, model, writer, movies):
    first, second = english.review.lines["text"]
    english.picker.value = 1
    english.line_editor.buttons["again"].click()
    line = english.review.lines.loc[1]
    alone, seed = model.recommend([42], n=2).iloc[[1]], int(line["seed"])
    tone = english.state.tone
    assert line["text"] == writer.write(alone, movies, tone=tone, seed=seed)["text"].iloc[0]
    assert line["text"] == english.line_editor.area.value != second
    assert seed > 0
    assert english.review.lines["text"][0] == first
    (sent,) = writer.prompts(alone, movies, tone=tone, seed=seed)["sent"]
    assert escape(sent) in english.line_editor.prompt.value


def test_variants_stand_side_by_side_and_one_is_taken(studio):
    studio.line_editor.buttons["vary"].click()
    shown = studio.line_editor.variants.children
    assert len(shown) == 3
    shown[1].children[1].click()
    line = studio.review.lines.loc[0]
    assert line["text"] in shown[1].children[0].value
    assert not line["edited"]
    assert studio.line_editor.area.value == line["text"]


def test_a_length_holds_for_every_line(studio):
    studio.controls["length"].value = 30
    studio.line_editor.area.value = "好" * 31
    assert "超过所要求的长度：31" in studio.line_editor.verdict.value
    studio.controls["length"].value = 0
    assert "超过所要求的长度" not in studio.line_editor.verdict.value


def test_what_was_sent_names_no_user(writer):
    name = "Marianne Delacroix"
    ds = wb.load("shop")
    ids = ds.interactions["user_id"].replace("u004", name)
    renamed = wb.Dataset(ds.interactions.assign(user_id=ids), ds.items)
    draft = CopyDraft(wb.ItemKNN().fit(renamed), writer, name, n=2, language="en")
    for line in range(2):
        assert draft.recs["item_id"].notna().all()
        assert "Marianne" not in draft.prompt(line)
        assert "u00" not in draft.prompt(line)


def test_titles_and_text_are_escaped():
    ds = wb.load("shop")
    hostile = ds.items.assign(title=HOSTILE + ds.items["title"], title_zh=ds.items["title_zh"])
    model = wb.ItemKNN().fit(wb.Dataset(ds.interactions, hostile))
    options = {"n": 2, "kind": "email", "language": "zh", "editor": HOSTILE}
    studio = wb.panels.CopyStudio(model, "u004", **options)
    studio.line_editor.subject.value = HOSTILE
    studio.line_editor.area.value = HOSTILE
    studio.line_editor.reason.value = HOSTILE
    studio.line_editor.buttons["approve"].click()
    editor = studio.line_editor
    parts = (
        editor.about,
        editor.marked,
        editor.verdict,
        editor.facts,
        editor.prompt,
        editor.message,
    )
    shown = "".join([*(part.value for part in parts), *studio.picker.cards])
    studio.controls["kind"].value = "intro"
    shown += studio.line_editor.about.value + studio.picker.cards[0]
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_marks_are_laid_over_the_text_as_it_is():
    claims = [Claim(0, 4, "title", "Heat"), Claim(9, 14, "evidence.kind", "liked")]
    marked = copy_cards.marked_text("Heat, if loved & co", claims, Strings("en"))
    assert marked == (
        '<mark class="name" title="the item&#x27;s title: Heat">Heat</mark>, if '
        '<mark class="evidence" title="what the user did: rated highly">loved</mark> &amp; co'
    )


def test_a_reason_is_said_in_plain_words():
    english, chinese = Strings("en"), Strings("zh")
    assert copy_cards.reason_text("number:7", chinese) == "数字没有依据：7"
    assert copy_cards.reason_text("subject-number:7", english).startswith(
        "In the subject: A number"
    )
    refused = copy_cards.reason_text("refused:no-text:no line passes", english)
    assert refused == "Nothing was written. Nothing sound fits: no line passes"
    assert copy_cards.reason_text("residue", english).startswith("It is no finished sentence")
    assert copy_cards.reason_text("from-elsewhere:x", english) == "from-elsewhere:x"


def test_a_user_without_a_list_leaves_the_editor_empty():
    interactions = pd.DataFrame(
        {"user_id": [1, 2, 2], "item_id": ["a", "b", "c"], "rating": [1.0, 1.0, 1.0]}
    )
    items = pd.DataFrame({"item_id": ["a", "b", "c"], "title": ["Lamp", "Rug", "Chair"]})
    model = wb.ItemKNN().fit(wb.Dataset(interactions, items))
    studio = wb.panels.CopyStudio(model, 1, editor="Ann")
    assert studio.picker.cards == []
    assert studio.line_editor.layout.display == "none"
