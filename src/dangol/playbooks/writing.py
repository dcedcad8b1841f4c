"""Writing what a playbook found: the report and the results, both or neither, and nothing that others keep there."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dangol.core.errors import InputError, StoreError
from dangol.core.result import Result
from dangol.core.words import LANGUAGES
from dangol.log.store import locked
from dangol.reports.report import write

if TYPE_CHECKING:
    import pandas as pd

_RESULTS: Final = "results"
_NEW, _OLD = ".results-new", ".results-old"  # beside the results while they change places
_ANSWER: Final = re.compile(r"\d{2,}-[a-z_]+")


def folder_of(out: object) -> Path:
    """Return the folder to write, if it can be one and its results are those of a playbook.

    Raises:
        InputError: for anything else.
    """
    if not isinstance(out, str | Path) or "\0" in str(out):
        raise InputError(f"out={out!r} is not the name of a folder; write for example out='out'")
    folder = Path(out)
    if os.path.lexists(folder) and not folder.is_dir():
        raise InputError(f"{folder} is a file; give the name of a folder to make, or of one that is there")
    if (folder / "log.json").is_file():
        raise InputError(f"{folder} is a log; give the name of another folder, which the report and results go into")
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other runs away from a folder; make it first, and take it away again if nothing came of it.

    Raises:
        InputError: if another run is at work there, or other things lie among the results.
        StoreError: if it cannot be written.
    """
    missing = [one for one in (folder, *folder.parents) if not os.path.lexists(one)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            shutil.rmtree(folder / _NEW, ignore_errors=True)  # of a process that was killed
            if (folder / _OLD).is_dir() and not (folder / _RESULTS).exists():
                (folder / _OLD).rename(folder / _RESULTS)
            shutil.rmtree(folder / _OLD, ignore_errors=True)
            _check_ours(folder / _RESULTS)
            try:
                yield
            finally:
                shutil.rmtree(folder / _NEW, ignore_errors=True)
    except OSError as problem:
        at = problem.filename or folder
        raise StoreError(f"{at} cannot be read or written: {problem.strerror or problem}") from problem
    finally:
        for one in missing:
            with suppress(OSError):  # not empty
                one.rmdir()


def _check_ours(results: Path) -> None:
    """Refuse to replace a folder that holds anything but answers: it would be lost."""
    if os.path.lexists(results) and (results.is_symlink() or not results.is_dir()):
        raise InputError(f"{results} is not a folder of results; move it away, or give another folder to write to")
    for one in sorted(results.rglob("*")):
        at = one.relative_to(results).parts
        answer = len(at) == 1 and one.is_dir() and _ANSWER.fullmatch(at[0])
        part = len(at) == 2 and one.is_file() and (one.suffix == ".parquet" or one.name == "answer.json")
        if not answer and not (part and _ANSWER.fullmatch(at[0])):
            raise InputError(
                f"{one} is not of a playbook and would be lost with the old results; move it away, or give another "
                f"folder to write to"
            )


def put(folder: Path, results: Sequence[Result], page: str, file: str) -> Path:
    """Write the answers and the page: first whole and aside, then in the place of the old ones.

    Raises:
        StoreError: if they cannot be written; the old ones are then as they were.
    """
    staged, place, old, target = folder / _NEW, folder / _RESULTS, folder / _OLD, folder / file
    for number, result in enumerate(results, start=1):
        one = staged / f"{number:02}-{result.name}"
        one.mkdir(parents=True)
        recipe = dict(result.recipe)
        if log := recipe.get("log"):  # what it holds, not where it lies or how often it was loaded
            recipe["log"] = {"fingerprint": log["fingerprint"], "view": log["view"]}
        _keep_words(one, result, recipe)
        for name, table in result.tables.items():
            _keep_table(one / f"{name}.parquet", table, {**recipe, "table": name})
    _check_ours(place)  # once more: it may have been long
    if place.exists():
        place.rename(old)
    try:
        staged.rename(place)
        write(target, page)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return target


def _keep_words(folder: Path, result: Result, recipe: Mapping[str, Any]) -> None:
    answer = {
        "summary": {lang: [sentence.write(lang) for sentence in result.sentences] for lang in LANGUAGES},
        "how": {lang: result.explain(lang) for lang in LANGUAGES},
        "recipe": recipe,
    }
    text = json.dumps(answer, ensure_ascii=False, indent=1, default=str)
    (folder / "answer.json").write_text(text, encoding="utf-8")


def _keep_table(path: Path, table: pd.DataFrame, recipe: Mapping[str, Any]) -> None:
    """Write a table as Parquet; a column of mixed kinds (the values of a summary) as text."""
    import pyarrow as pa
    from pyarrow import parquet

    mixed = [name for name in table.columns if table[name].dtype == object]
    plain = table.assign(**{name: table[name].map(str) for name in mixed}) if mixed else table
    arrow = pa.Table.from_pandas(plain, preserve_index=False)
    told = json.dumps(recipe, ensure_ascii=False, default=str).encode()
    parquet.write_table(arrow.replace_schema_metadata({b"dangol": told}), path)
