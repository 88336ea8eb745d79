import numpy as np
import pytest

import workbench as wb
from workbench.panels.lists.new_item import NewItem


@pytest.fixture(scope="module")
def panel(shop):
    return wb.panels.NewItemExplorer(shop)


def test_the_item_is_unknown_to_what_finds_its_audience(panel, shop):
    state = panel.state
    assert state.item_id not in state.known.item_ids.tolist()
    assert len(state.known.interactions) + len(state.choosers) == len(shop.interactions)


def test_likeness_is_the_content_models_own(panel):
    state = panel.state
    direct = wb.ContentBased().fit(state.known).recommend_for([(state.item_id, 1.0)], n=3)
    assert state.similar.index[:3].tolist() == direct["item_id"].tolist()
    assert state.similar.iloc[:3].tolist() == pytest.approx(direct["score"].tolist())


def test_the_audience_sums_likeness_over_histories(panel):
    state = panel.state
    best = state.audience.index[0]
    history = state.known.history(best)["item_id"]
    assert state.audience.iloc[0] == pytest.approx(state.similar.reindex(history).sum())
    assert state.audience.is_monotonic_decreasing


def test_content_reaches_the_choosers_sooner_than_activity(shop):
    """Over a dozen items of middling popularity: area under the curve of the panel."""
    counts = shop.interactions["item_id"].value_counts()
    gains = []
    for item in counts[counts.between(15, 40)].index[:12]:
        state = NewItem(shop, item)
        active = np.argsort(-np.diff(state.known.matrix.indptr), kind="stable")
        by_activity = state.reached(state.known.user_ids[active]).mean()
        gains.append(state.reached(state.audience.index).mean() - by_activity)
    assert np.mean(gains) > 0.1


def test_controls_change_what_is_shown(panel, shop):
    panel.controls["reach"].value = 20
    state = panel.state
    count = round(0.2 * len(state.audience))
    share = state.audience.index[:count].isin(state.choosers).sum() / len(state.choosers)
    assert f"<b>{count}</b>" in panel.numbers.value
    assert f"<b>{share:.0%}</b>" in panel.numbers.value
    other = next(name for name, item in panel.items.items() if item == shop.item_ids[5])
    panel.controls["item"].value = other
    assert panel.state.item_id == shop.item_ids[5]


def test_an_item_that_nobody_has_chosen_has_an_audience_too(shop):
    item = shop.item_ids[9]
    others = shop.interactions[shop.interactions["item_id"] != item]
    ds = wb.Dataset(others, shop.items, shop.users)
    panel = wb.panels.NewItemExplorer(ds, item)
    assert panel.state.item_id == item
    assert panel.state.choosers.empty
    assert panel.state.audience.iloc[0] > 0
    assert panel.figures.children[1].figure.layout.title.text == "Nobody has chosen it yet"
