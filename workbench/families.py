"""The models that rank, by the names the command line, reports and panels call them."""

FAMILIES = {
    "item-knn": "ItemKNN",
    "user-knn": "UserKNN",
    "p3alpha": "P3alpha",
    "rp3beta": "RP3beta",
    "ease": "EASE",
    "als": "ALS",
    "bpr": "BPR",
    "sequential": "Sequential",
    "content": "ContentBased",
    "hybrid": "Hybrid",
    "popular": "Popular",
    "demographic": "Demographic",
}
