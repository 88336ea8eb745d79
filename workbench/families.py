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

MIN_OVERLAP = 5
"""Users whom two neighbours must share where nobody says: on the command line, in reports, panels.

With fewer, chance makes the nearest: `ItemKNN` itself takes one, as the literature does.
"""
