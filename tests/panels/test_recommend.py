import pytest

import workbench as wb
from workbench.panels.recommend import Lists


@pytest.fixture(scope="module")
def models(shop):
    return {
        "users": wb.UserKNN().fit(shop),
        "items": wb.ItemKNN().fit(shop),
        "popular": wb.Popular().fit(shop),
    }


def _shown(panel):
    return {name: recs["item_id"].tolist() for name, recs in panel.state.recommend().items()}


def test_lists_are_the_models_own(models, shop):
    user = shop.user_ids[3]
    panel = wb.panels.ListComparison(models, user, n=4)
    direct = {name: m.recommend([user], n=4)["item_id"].tolist() for name, m in models.items()}
    assert _shown(panel) == direct


def test_a_dislike_folds_in_at_once(models, shop):
    user = shop.user_ids[3]
    panel = wb.panels.ListComparison(models, user)
    first = _shown(panel)["items"][0]
    _button(panel, column=1, card=0, which=1).click()
    worst = -shop.interactions["rating"].max()
    history = panel.state.history
    assert history[first] == worst
    direct = models["items"].recommend_for(list(history.items()), n=6)["item_id"].tolist()
    assert _shown(panel)["items"] == direct
    assert first not in direct


def test_a_like_counts_as_the_best_rating_and_can_be_forgotten(models, shop):
    user = shop.user_ids[3]
    panel = wb.panels.ListComparison(models, user)
    before = _shown(panel)
    _button(panel, column=0, card=0, which=0).click()
    assert list(panel.reactions.values()) == [shop.interactions["rating"].max()]
    assert _shown(panel) != before
    panel._forget.click()
    assert _shown(panel) == before


def test_what_came_in_by_a_reaction_is_marked(models, shop):
    panel = wb.panels.ListComparison(models, shop.user_ids[3])
    _button(panel, column=2, card=0, which=1).click()
    popular = panel._lists.children[2].children[1:]
    marked = ["chip new" in card.children[0].value for card in popular]
    assert marked == [False] * 5 + [True]


def test_another_user_starts_without_reactions(models, shop):
    panel = wb.panels.ListComparison(models, shop.user_ids[3])
    _button(panel, column=0, card=0, which=0).click()
    panel.controls["user"].value = str(shop.user_ids[5])
    assert not panel.reactions
    assert panel.state.user_id == shop.user_ids[5]


def test_lists_without_reactions_are_those_of_the_data(models, shop):
    lists = Lists(models, shop.user_ids[0], 3)
    assert lists.recommend()["items"]["user_id"].tolist() == [shop.user_ids[0]] * 3


def _button(panel, *, column, card, which):
    return panel._lists.children[column].children[1 + card].children[1].children[which]
