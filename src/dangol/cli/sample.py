"""``dangol sample``: a generated service with known truth, as files to load."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from dangol.core.errors import unknown
from dangol.datasets import Sample, creator_platform, fashion_shop, school_sns
from dangol.log.progress import Progress

from .app import app

_SERVICES: Final[dict[str, Callable[..., Sample]]] = {
    "school-sns": school_sns,
    "fashion-shop": fashion_shop,
    "creator-platform": creator_platform,
}


@app.command("sample")
def sample(
    name: Annotated[str, typer.Argument(help=f"The service: {', '.join(_SERVICES)}.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The folder to make; new, or empty. Default: the service's name.")
    ] = None,
    users: Annotated[
        int | None, typer.Option(help="How many users. Default: as many as a real case of the kind.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows.")] = 0,
    dirty: Annotated[bool, typer.Option("--dirty", help="Add bad rows, in counts that truth.json tells.")] = False,
    plant: Annotated[bool, typer.Option(help="Whether there is something to be found.")] = True,
    formats: Annotated[str, typer.Option("--format", help="csv, parquet, or both.")] = "csv,parquet",
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of a sample that was there.")] = False,
) -> None:
    """Make a service that never was, with rates that are known: exports as files, and the truth beside them."""
    if name not in _SERVICES:
        raise unknown("service", name, _SERVICES, "dangol sample")
    folder = out or Path(name)
    size = {} if users is None else {"users": users}
    wanted = [part.strip() for part in formats.split(",") if part.strip()]
    with Progress() as bar:
        made = _SERVICES[name](**size, seed=seed, dirty=dirty, plant=plant, progress=bar.update)
        made.write(folder, formats=wanted, replace=replace, progress=bar.update)
    rows = ", ".join(f"{count:,} {table}" for table, count in made.truth["rows"].items())
    print(f"{folder}: {rows}; what is true of them stands in {folder / 'truth.json'}", file=sys.stderr)
    print(made.command(folder, "parquet" if "parquet" in wanted else "csv"))
