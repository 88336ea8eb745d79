from dataclasses import replace

import pytest

import workbench as wb
from workbench.errors import OptionError
from workbench.families import FAMILIES
from workbench.panels.controls.model_controls import suited
from workbench.panels.lists.list_comparison import Lists


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
    panel.forget_button.click()
    assert _shown(panel) == before


def test_what_came_in_by_a_reaction_is_marked(models, shop):
    panel = wb.panels.ListComparison(models, shop.user_ids[3])
    _button(panel, column=2, card=0, which=1).click()
    popular = panel.columns.children[2].children[1:]
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


def test_rules_are_those_of_the_controls(models, shop):
    panel = wb.panels.ListComparison(models, shop.user_ids[3], n=5)
    panel.controls["stock"].value = True
    panel.controls["most"].value = 1
    panel.controls["diversity"].value = 0.5
    rules = [wb.InStock(), wb.MaxPer("genres", 1), wb.Diversity(0.5)]
    for name, model in models.items():
        recs = model.recommend([shop.user_ids[3]], n=5, filters=rules)
        assert _shown(panel)[name] == recs["item_id"].tolist()
    _button(panel, column=0, card=0, which=0).click()
    typed = models["users"].recommend_for(list(panel.state.history.items()), n=5, filters=rules)
    assert _shown(panel)["users"] == typed["item_id"].tolist()


def test_every_family_that_suits_the_data_can_be_chosen(shop):
    few = shop.interactions["user_id"].isin(shop.user_ids[:60])  # every family is fitted
    shop = replace(shop, interactions=shop.interactions[few])
    panel = wb.panels.RecommendPanel(shop, shop.user_ids[3], families=["popular", "user-knn"])
    picker = panel.controls["model 1"]
    offered = dict(picker.options)
    assert set(offered.values()) == {*FAMILIES, "recent"}
    for label, family in offered.items():
        picker.value = family
        assert not panel.message.value
        assert label in panel.state.models
    direct = wb.Popular(half_life=30).fit(shop).recommend([shop.user_ids[3]], n=6)
    assert _shown(panel)[label] == direct["item_id"].tolist()
    assert len(panel.columns.children) == 2


def test_families_that_do_not_suit_the_data_are_not_offered(shop):
    negative = shop.interactions.assign(rating=-1.0).drop(columns="timestamp")
    plain = replace(shop, interactions=negative, items=shop.items[["item_id", "title"]], users=None)
    assert not {"p3alpha", "rp3beta", "demographic", "recent"} & set(suited(plain))
    with pytest.raises(OptionError, match="families='recent' is not one of 'item-knn'"):
        wb.panels.RecommendPanel(plain, shop.user_ids[3], families=["recent"])
    panel = wb.panels.RecommendPanel(plain, shop.user_ids[3], families=["popular"])
    assert set(panel.controls) == {"user", "n", "model 1"}


def test_a_model_is_fitted_once(shop):
    panel = wb.panels.RecommendPanel(shop, shop.user_ids[3], language="zh")
    first = panel.state.models
    panel.controls["n"].value = 4
    panel.controls["model 2"].value = "popular"
    assert list(panel.state.models) == ["相似物品", "热门"]
    assert all(panel.state.models[name] is first[name] for name in panel.state.models)


def _button(panel, *, column, card, which):
    return panel.columns.children[column].children[1 + card].children[1].children[which]
