"""Small tables as files of every kind."""

from pathlib import Path

import pandas as pd

LOG = pd.DataFrame(
    {
        "user_id": ["u1", "u1", "u2", "u2"],
        "item_id": [10, 20, 10, 30],
        "rating": [5.0, 3.5, 4.0, 0.5],
    }
)


def write(table: pd.DataFrame, path: Path) -> Path:
    kind = path.name.partition(".")[2]
    if kind == "parquet":
        table.to_parquet(path)
    elif kind in ("json", "jsonl", "ndjson"):
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_csv(path, index=False, sep="\t" if "tsv" in kind else ",")
    return path


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path
