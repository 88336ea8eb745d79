"""The command line: a thin layer over the public functions."""

import os
import re
import sys
from collections.abc import Iterable
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from workbench import __version__
from workbench.errors import OptionError, WorkbenchError
from workbench.families import FAMILIES, MIN_OVERLAP
from workbench.io import write_table

if TYPE_CHECKING:
    import pandas as pd

    from workbench.datasets import Dataset
    from workbench.models import Attribute


class _Group(TyperGroup):
    """Prints what Workbench raises on purpose as one line, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except WorkbenchError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Group,
    help="Workbench: interactive analysis of recommender systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DatasetOption = Annotated[str, typer.Option(help="Name of a data set, or the path of your file.")]
UserOption = Annotated[str, typer.Option("--user-id", help="User id as it stands in the data.")]
CsvOption = Annotated[Path | None, typer.Option("--csv", help="Write the list to a CSV file.")]
BomOption = Annotated[
    bool, typer.Option(help="Begin CSV with the mark by which spreadsheets know UTF-8.")
]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the list to a JSON file.")]
ModelOption = Annotated[str, typer.Option(help=f"One of {', '.join(FAMILIES)}.")]
CountOption = Annotated[int, typer.Option("-n", "--n", help="How many recommendations.")]
NeighboursOption = Annotated[
    int | None, typer.Option("-k", "--k", help="How many neighbours, for models that have them.")
]
MetricOption = Annotated[
    str | None, typer.Option(help="Similarity, for item-knn and user-knn: cosine, pearson, …")
]
OverlapOption = Annotated[
    int | None,
    typer.Option(help=f"Ratings that two neighbours share; {MIN_OVERLAP} if left out."),
]
HalfLifeOption = Annotated[
    float | None, typer.Option(help="Days in which a choice loses half its weight, for popular.")
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(help="Only such items: price<=50, genres=Comedy,Drama or genres!=Horror."),
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or gpu.")]
KindOption = Annotated[
    str, typer.Option(help="line, push, email, title, why; or, of the whole list, intro, welcome.")
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        help="Domain: shop, film, feed, finance, health, education, or the path of a TOML file; "
        "by default what the items are."
    ),
]
ModeOption = Annotated[
    str, typer.Option(help="direct: written now; pool: filled from sentences written before.")
]
ShortForm = Annotated[str | None, typer.Option(help="Short form of -p.")]
SHORT_FORMS = "user_id", "n", "k", "metric", "model", "language", "dataset", "device", "seed"


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the server.")] = None,
) -> None:
    """Open JupyterLab at the first notebook; further arguments go to Jupyter."""
    from workbench.reports.plan import notebooks_folder

    start = notebooks_folder() / "00_start_here.ipynb"
    quiet = "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"
    command = [sys.executable, "-m", "jupyterlab", str(start), quiet, *context.args]
    if port is not None:
        command.append(f"--port={port}")
    os.execv(sys.executable, command)  # noqa: S606


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="A report, or the path of a notebook.")] = "user",
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="key=value, for any parameter.")
    ] = None,
    user_id: ShortForm = None,
    n: Annotated[str | None, typer.Option("-n", "--n", help="As above.")] = None,
    k: Annotated[str | None, typer.Option("-k", "--k", help="As above.")] = None,
    metric: ShortForm = None,
    model: ShortForm = None,
    language: ShortForm = None,
    dataset: ShortForm = None,
    device: ShortForm = None,
    seed: ShortForm = None,
    output: Annotated[Path | None, typer.Option(help="Folder to write to.")] = None,
    for_each: Annotated[
        Path | None, typer.Option(help="CSV with a column a parameter: one report a row.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Reports made at the same time, with --for-each.")] = 1,
    force: Annotated[bool, typer.Option(help="Make again what is there, with --for-each.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that one cell may take.")] = 900,
) -> None:
    """Write a report as one HTML page, or one for each row of a table, and print its path."""
    arguments = locals()
    from workbench.reports.execution import run
    from workbench.reports.plan import plan

    chosen = {name: arguments[name] for name in SHORT_FORMS if arguments[name] is not None}
    chosen |= dict(_key_value(text) for text in parameter or ())
    if for_each is None:
        page = run(plan(name, chosen), output=output, timeout=timeout)
    else:
        from workbench.reports import report_batch

        page = report_batch(
            name, for_each, jobs=jobs, force=force, output=output, timeout=timeout, **chosen
        )
    typer.echo(page)


@app.command()
def recommend(
    user_id: UserOption,
    dataset: DatasetOption = "movielens-small",
    model: ModelOption = "item-knn",
    n: CountOption = 10,
    k: NeighboursOption = None,
    metric: MetricOption = None,
    min_overlap: OverlapOption = None,
    half_life: HalfLifeOption = None,
    where: WhereOption = None,
    device: DeviceOption = "auto",
    csv: CsvOption = None,
    bom: BomOption = True,
    json: JsonOption = None,
) -> None:
    """Recommend to one user, and say why."""
    options = {"k": k, "metric": metric, "min_overlap": min_overlap, "half_life": half_life}
    ds, recs = _recommend(user_id, dataset, model, n=n, where=where or (), device=device, **options)
    _deliver(_readable(recs, ds), csv, bom, json)


@app.command()
def write(
    user_id: UserOption,
    dataset: DatasetOption = "movielens-small",
    model: ModelOption = "item-knn",
    n: CountOption = 10,
    k: NeighboursOption = None,
    metric: MetricOption = None,
    min_overlap: OverlapOption = None,
    half_life: HalfLifeOption = None,
    where: WhereOption = None,
    device: DeviceOption = "auto",
    kind: KindOption = "line",
    preset: PresetOption = None,
    mode: ModeOption = "direct",
    tone: Annotated[str, typer.Option(help="warm, plain or playful.")] = "warm",
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    seed: Annotated[
        int | None, typer.Option(help="The same seed writes the same copy; 0 if left out.")
    ] = None,
    csv: CsvOption = None,
    bom: BomOption = True,
    json: JsonOption = None,
) -> None:
    """Recommend to one user, with a text for each recommendation, or for the whole list."""
    from workbench import Copywriter

    options = {"k": k, "metric": metric, "min_overlap": min_overlap, "half_life": half_life}
    ds, recs = _recommend(user_id, dataset, model, n=n, where=where or (), device=device, **options)
    brief: dict[str, Any] = {"kind": kind, "preset": preset, "mode": mode, "tone": tone}
    brief |= {} if seed is None else {"seed": seed}
    copy = Copywriter(device=device).write(recs, ds, language=language, **brief)
    if "items" in copy:  # one text for the list
        titles = ds.titles_in(language)
        table = copy[["items"]].map(lambda items: " · ".join(titles[item] for item in items))
    else:
        table = _readable(recs, ds, language)
    written = [name for name in ("subject", "text", "source", "reason") if name in copy]
    if not any(copy["reason"]):
        written.remove("reason")
    about = [name for name in ("rank", "title", "items") if name in table]
    _deliver(table.assign(**copy[written]), csv, bom, json, shown=[*about, *written])


@app.command()
def data(
    name: Annotated[str | None, typer.Argument(help="A data set, or the path of a file.")] = None,
) -> None:
    """List the data sets, or describe one and how it was cleaned."""
    from workbench.datasets import SOURCES, load

    if name is None:
        typer.echo("\n".join(SOURCES))
        return
    ds = load(name)
    typer.echo("\n".join([repr(ds), *ds.account]))


@app.command()
def device() -> None:
    """Print what there is to compute on, and why not the GPU."""
    from workbench.device.inventory import describe

    typer.echo(describe())


def _key_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"-p {text!r} must be written key=value")
    return key.strip(), value


def _recommend(
    user_id: str, dataset: str, model: str, *, n: int, where: Iterable[str], **options: Any
) -> "tuple[Dataset, pd.DataFrame]":
    import workbench as wb
    from workbench.reports.plan import id_in
    from workbench.validation import one_of

    family = getattr(wb, FAMILIES[one_of("model", model, FAMILIES)])
    chosen = {name: value for name, value in options.items() if value is not None}
    parameters = signature(family).parameters
    if "min_overlap" in parameters:
        chosen.setdefault("min_overlap", MIN_OVERLAP)
    for name in chosen.keys() - parameters.keys():
        raise OptionError(f"model={model!r} takes no {name}; leave it out")
    filters = [_condition(text) for text in where]
    ds = wb.load(dataset)
    user = id_in(ds, user_id)
    recs = family(**chosen).fit(ds).recommend(users=[user], n=n, filters=filters)
    for sentence in recs.attrs["account"]:
        typer.echo(sentence, err=True)
    return ds, recs


def _condition(text: str) -> "Attribute":
    """Read column<=value, >=, = or !=; several values, separated by commas, are any or none of."""
    from workbench import Attribute

    condition = re.fullmatch(r"\s*(\w+)\s*(<=|>=|!=|=)\s*(.+)", text)
    if not condition:
        raise OptionError(f"--where {text!r} must be written column<=value, with <=, >=, = or !=")
    column, sign, value = condition.groups()
    values = [_number(part.strip()) for part in value.split(",")]
    match sign:
        case "<=":
            return Attribute(column, at_most=_number(value))
        case ">=":
            return Attribute(column, at_least=_number(value))
        case "=":
            return Attribute(column, any_of=values)
    return Attribute(column, none_of=values)


def _number(text: str) -> float | str:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text


def _readable(recs: "pd.DataFrame", ds: "Dataset", language: str = "en") -> "pd.DataFrame":
    """Ids as titles, evidence as text."""
    return recs.assign(
        title=recs["item_id"].map(ds.titles_in(language)),
        score=recs["score"].round(4),
        because=[", ".join(_evidence(pair, ds) for pair in pairs) for pairs in recs["because"]],
    )[["rank", "item_id", "title", "score", "because"]]


def _evidence(pair: Any, ds: "Dataset") -> str:
    from workbench.evidence import ByCount, ByUser

    match pair:
        case ByCount(_, count):
            return f"{count:,.0f} users"
        case ByUser(user, contribution):
            return f"user {user} ({contribution:.3g})"
    item, contribution = pair
    return f"{ds.titles[item]} ({contribution:.3g})"


def _deliver(
    table: "pd.DataFrame",
    csv: Path | None,
    bom: bool,
    json: Path | None,
    shown: list[str] | None = None,
) -> None:
    """Print a table, or some of its columns, and write all of it to the files asked for."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False)
    for column in shown or table.columns:
        right = table[column].dtype.kind in "iuf"
        grid.add_column(str(column), justify="right" if right else "left", overflow="fold")
    for row in table[shown or list(table)].itertuples(index=False):
        grid.add_row(*(Text(_printable(str(value))) for value in row))
    Console().print(grid if len(table) else "No item has a score for this user.")
    if csv is not None:
        write_table(table, csv, ending=".csv", bom=bom)
    if json is not None:
        write_table(table, json, ending=".json")


def _printable(text: str) -> str:
    """Text without control characters, but for its lines: a title must not steer the terminal."""
    return "".join(c for c in text if c.isprintable() or c == "\n")


if __name__ == "__main__":
    app()
