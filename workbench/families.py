"""The models that rank, by the names the command line, reports and panels call them."""

FAMILIES = {
    "item-knn": "ItemKNN",
    "user-knn": "UserKNN",
    "p3alpha": "P3alpha",
    "rp3beta": "RP3beta",
    "ease": "EASE",
    "als": "ALS",
    "sequential": "Sequential",
    "content": "ContentBased",
    "popular": "Popular",
    "demographic": "Demographic",
}
