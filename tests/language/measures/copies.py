"""A few films and lines about them, small enough to be measured by hand."""

import pandas as pd

from workbench.datasets import Dataset

ITEMS = pd.DataFrame(
    {
        "item_id": [1, 2, 3, 4, 5, 6],
        "title": ["Heat", "Casino", "Godfather, The", "Amelie", "Toy Story", "Toy Story 2"],
        "year": [1995, 1995, 1972, 2001, 1995, 1999],
        "genres": [
            ["Action", "Crime"],
            ["Crime", "Drama"],
            ["Crime", "Drama"],
            ["Comedy", "Romance"],
            ["Animation"],
            ["(no genres listed)"],
        ],
    }
)
RATINGS = pd.DataFrame(
    {
        "user_id": [7, 7, 8, 8, 9, 9],
        "item_id": [2, 3, 5, 6, 4, 1],
        "rating": [5.0, 5.0, 5.0, 4.5, 5.0, 5.0],
    }
)
FILMS = Dataset(RATINGS, ITEMS, name="films")


def liked(item: int) -> dict:
    row = ITEMS.set_index("item_id").loc[item]
    return {"kind": "liked", "item_id": item, "title": row.title, "year": row.year, "rating": 5.0}


def lines(*rows: tuple) -> pd.DataFrame:
    """Rows of user, item, text and evidence."""
    return pd.DataFrame(rows, columns=["user_id", "item_id", "text", "evidence"])
