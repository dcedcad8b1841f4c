"""The plan of the house, held by tests: who imports whom, what nobody imports, and how long things may grow."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "dangol"
TREES = {
    file.relative_to(SOURCES).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
    for file in sorted(SOURCES.rglob("*.py"))
}

LONGEST_BODY = 40
LONGEST_FILE = 400

# Loaded again, these run whatever the file says; none is needed where Arrow, Parquet and JSON are.
UNSAFE = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
# Dangol never speaks to a network, except where a person asks it to collect from the official Instagram API.
NETWORK = (
    *("socket", "socketserver", "ssl", "ftplib", "smtplib", "poplib", "imaplib", "telnetlib", "xmlrpc"),
    *("http", "urllib.request", "urllib3", "requests", "httpx", "aiohttp", "websockets"),
)
SPEAKS_HTTP = "collect/graph.py"
# A library that one room alone may load, so that it can be replaced and stays lazy.
OWNERS = {"plotly": "plots/", "numba": "kernels/compile.py", "jinja2": "reports/"}

Import = tuple[str, int, str]  # file, line, module as written (relative ones with their dots)


def imports(file: str, *, running_only: bool = False) -> Iterator[Import]:
    """Find every import of a file, also inside functions; ``running_only`` leaves out what only type checkers see."""
    waiting: list[ast.AST] = [TREES[file]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((file, node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((file, node.lineno, f"{module}.{name.name}") for name in node.names)
        elif running_only and isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting.extend(node.orelse)
            continue
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "__import__",
            "import_module",
            "importlib.import_module",
        ):
            yield from ((file, node.lineno, word.value) for word in node.args if isinstance(word, ast.Constant))
        waiting.extend(ast.iter_child_nodes(node))


def inside(module: str, *packages: str) -> bool:
    """Whether a module is one of the packages or lies within one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def found(problems: list[str]) -> str:
    return "\n" + "\n".join(problems)


def test_the_import_contracts_hold() -> None:
    """The layers of pyproject.toml, as ``make lint`` checks them."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_there_is_something_to_check() -> None:
    rooms = {file.partition("/")[0] for file in TREES}
    assert {"__init__.py", "core", "kernels", "log", "questions", "plots"} <= rooms
    assert any(module == "numba" for _, _, module in imports("kernels/compile.py"))


def test_no_module_is_called_utils() -> None:
    words = {"util", "utils", "helpers", "common", "misc"}
    problems = [
        f"{file}: name it for what it does" for file in TREES if words & set(file.removesuffix(".py").split("/"))
    ]
    assert not problems, found(problems)


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_has_one_room(library: str) -> None:
    problems = [
        f"{file}:{line}: imports {module}; only dangol/{OWNERS[library]} may"
        for name in TREES
        if not name.startswith(OWNERS[library])
        for file, line, module in imports(name, running_only=True)
        if inside(module, library)
    ]
    assert not problems, found(problems)


@pytest.mark.parametrize("forbidden", [UNSAFE, NETWORK], ids=["unsafe", "network"])
def test_what_nobody_may_import(forbidden: tuple[str, ...]) -> None:
    problems = [
        f"{file}:{line}: imports {module}"
        for name in TREES
        for file, line, module in imports(name)
        if inside(module, *forbidden) and not (name == SPEAKS_HTTP and inside(module, "urllib.request", "http.client"))
    ]
    assert not problems, found(problems)


def test_functions_fit_on_a_page() -> None:
    problems = []
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                if lines > LONGEST_BODY:
                    problems.append(f"{file}:{node.lineno}: {node.name} has {lines} lines; at most {LONGEST_BODY}")
    assert not problems, found(problems)


def test_files_stay_short() -> None:
    lengths = {file: len((SOURCES / file).read_text(encoding="utf-8").splitlines()) for file in TREES}
    problems = [f"{file} has {n} lines; at most {LONGEST_FILE}" for file, n in lengths.items() if n > LONGEST_FILE]
    assert not problems, found(problems)
