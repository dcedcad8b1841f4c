"""The public face: which names there are, where they come from, and that ``import dangol`` stays light."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import dangol

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"chdb", "duckdb", "numba", "numpy", "pandas", "plotly", "polars", "pyarrow", "rich", "scipy", "typer"}


def run(code: str) -> str:
    """Run code in a process of its own, on the sources of this checkout, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_names_are_few_and_sorted() -> None:
    assert dangol.__all__ == sorted(set(dangol.__all__))
    assert len(dangol.__all__) <= 30


@pytest.mark.parametrize("name", dangol.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    value = getattr(dangol, name)
    assert name in dir(dangol)
    assert name == "__version__" or value.__doc__


def test_type_checkers_and_the_running_program_see_the_same_names() -> None:
    tree = ast.parse(Path(dangol.__file__).read_text(encoding="utf-8"))
    seen = {
        name.name: part.module
        for block in tree.body
        if isinstance(block, ast.If)
        for part in block.body
        if isinstance(part, ast.ImportFrom)
        for name in part.names
    }
    assert seen == dangol._HOMES
    assert sorted([*seen, "__version__"]) == dangol.__all__


@pytest.mark.parametrize(("name", "home"), dangol._HOMES.items())
def test_a_name_is_imported_from_where_it_is_defined(name: str, home: str) -> None:
    value = getattr(import_module(home), name)
    assert value is import_module(f"dangol.{name}") if home == "dangol" else value.__module__ == home


def test_a_misspelt_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'dangol' has no attribute 'funel'"):
        dangol.funel  # noqa: B018 - the look-up is the test
    with pytest.raises(ImportError, match="funel"):
        exec("from dangol import funel")


def test_importing_dangol_loads_nothing_heavy() -> None:
    loaded = run("import sys, dangol; print(*sorted({name.partition('.')[0] for name in sys.modules}))").split()
    assert HEAVY.isdisjoint(loaded), sorted(HEAVY.intersection(loaded))


def test_errors_cost_nothing_heavy() -> None:
    loaded = run("import sys; from dangol import DangolError; print(*sys.modules)").split()
    assert HEAVY.isdisjoint(loaded), sorted(HEAVY.intersection(loaded))


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert dangol.__version__ == project["version"]
