"""Where a playbook begins: a log, made if it has to be, or a table of units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dangol import datasets
from dangol.core.errors import InputError
from dangol.log import EventLog, ingest, open_log

from .read import CHOSEN, Playbook, with_place


@dataclass(frozen=True)
class Source:
    """What is asked.

    Attributes:
        log: the log; None where the source is a table of units.
        units: the table of units, or its path; None where the source is a log.
        name: what the table is called.
        tables: the other tables of a sample, by name.
    """

    log: EventLog | None = None
    units: Any = None
    name: str = ""
    tables: Mapping[str, Any] = field(default_factory=dict)


def open_source(plan: Playbook, folder: Path, *, progress: bool) -> Source:
    """Open what a playbook names as its source; a log that has to be made goes into the folder of the run."""
    source = plan.source
    if plan.of_units:
        return _units(plan)
    if "log" in source:
        return Source(with_place(plan, ("source", "log"), open_log, plan.folder / source["log"]))
    given, tables = dict(plan.mapping), {}
    if "sample" in source:
        make = getattr(datasets, source["sample"].replace("-", "_"))
        chosen = {name: source[name] for name in CHOSEN if name in source}
        sample = with_place(plan, ("source",), make, *([source["users"]] if "users" in source else []), **chosen)
        table: Any = sample.events
        given, tables = sample.arguments(), sample.tables
    elif "data" in source:
        table = getattr(datasets, source["data"])()
    else:
        paths = [source["path"]] if isinstance(source["path"], str) else source["path"]
        found = [str(plan.folder / one) for one in paths]
        table = found if len(found) > 1 else found[0]
        if isinstance(given.get("attributes"), str):
            given["attributes"] = str(plan.folder / given["attributes"])
    key = next(iter(source))
    log = with_place(
        plan, ("source", key), ingest, table, out=folder / "data.log", replace=True, progress=progress, **given
    )
    return Source(log, tables=tables)


def _units(plan: Playbook) -> Source:
    if "data" in plan.source:
        return Source(units=getattr(datasets, plan.source["data"])(), name=plan.source["data"])
    path = plan.folder / plan.source["units"]
    if not path.is_file():
        raise InputError(f"{plan.at('source', 'units')}: {path} is not there; give a Parquet or CSV file of units")
    return Source(units=path, name=path.name)
