import pytest

import workbench as wb
from workbench.html import escape


@pytest.fixture(scope="module")
def model(shop):
    return wb.ItemKNN().fit(shop)


@pytest.fixture
def panel(model):
    return wb.panels.TasteInterview(model, per_screen=6, n=4)


def _button(panel, *, title, which):
    return panel.questions.children[title].children[1].children[which]


def test_the_first_list_is_what_most_people_choose(panel, shop):
    popular = wb.Popular().fit(shop).recommend_for([], n=4)["item_id"].tolist()
    assert panel.state.recommend(4)["item_id"].tolist() == popular
    assert "No answers yet" in panel.recommendations.value
    assert panel.again.disabled


def test_a_like_makes_the_list_of_the_model(panel, model, shop):
    first = panel.state.questions[0]
    _button(panel, title=0, which=0).click()
    best = shop.interactions["rating"].max()
    direct = model.recommend_for([(first, best)], n=4)["item_id"].tolist()
    assert panel.state.recommend(4)["item_id"].tolist() == direct
    titles = shop.titles
    assert all(escape(titles[item]) in panel.recommendations.value for item in direct)
    assert "Answers so far: 1" in panel.recommendations.value
    assert "chip new" in panel.recommendations.value


def test_a_second_press_takes_it_back(panel):
    _button(panel, title=0, which=1).click()
    assert panel.state.history[0][1] < 0
    assert _button(panel, title=0, which=1).button_style == "danger"
    _button(panel, title=0, which=1).click()
    assert panel.state.history == []


def test_other_titles_are_asked_and_those_left_out_are_not_known(panel):
    questions = panel.state.questions
    _button(panel, title=0, which=0).click()
    panel.more.click()
    assert panel.state.ask(6) == questions[6:12]
    assert panel.state.answers == {questions[0]: True} | dict.fromkeys(questions[1:6])
    panel.again.click()
    assert panel.state.answers == {}
    assert panel.state.ask(1) == questions[:1]


def test_the_length_of_the_list_is_the_controls(panel):
    panel.controls["n"].value = 7
    assert panel.recommendations.value.count('class="card"') == 7


def test_titles_are_escaped(shop):
    hostile = shop.items.assign(title="<img src=x onerror=alert(1)>")
    ds = wb.Dataset(shop.interactions, hostile)
    panel = wb.panels.TasteInterview(wb.ItemKNN().fit(ds))
    shown = panel.recommendations.value + panel.questions.children[0].children[0].value
    assert "<img" not in shown
    assert "&lt;img" in shown
