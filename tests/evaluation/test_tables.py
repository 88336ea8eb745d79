"""An evaluation of tables on the card is that of their twins in pandas."""

import pytest
from pandas.testing import assert_frame_equal

from tests.datasets.cudf_model import CARDS
from workbench.datasets import load, split
from workbench.evaluation import evaluate
from workbench.models import ItemKNN


@pytest.mark.parametrize("card", CARDS)
def test_wherever_the_tables_are_a_model_is_as_good(card) -> None:
    options = {"metrics": ["ndcg@10", "coverage@10", "diversity@10"], "temporal": True}
    shop = load("shop", device="cpu")

    def measured(ds):
        train, test = split(ds, by="time")
        model = ItemKNN(k=20, device="cpu").fit(train)
        return evaluate(model, train, test, resamples=20, **options)

    with card():
        found, expected = measured(shop.to("gpu")), measured(shop)
    assert_frame_equal(found.frame(), expected.frame())
    assert found.data_hash == expected.data_hash
