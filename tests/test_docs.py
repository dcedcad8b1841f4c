"""The documentation is executed: every command and every line of Python in the READMEs runs on data made for it."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

import dangol as dg
from dangol.catalogue import QUESTIONS, argument_help, parameters
from dangol.cli import main
from dangol.datasets import online_retail

ROOT = Path(__file__).parent.parent


def blocks(readme: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(readme: str) -> list[str]:
    """Every ``dangol …`` of the plain blocks, with lines that end in a backslash joined, and of the tables."""
    text = (ROOT / readme).read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^(?:\|.*`)?(dangol [^`\n]+)(?:` \|)?$", text, re.MULTILINE)


def write_orders(folder: Path) -> None:
    """Part of the shop as the READMEs' files: orders.csv, and 주문.csv in the encoding of a Korean spreadsheet."""
    shop = pd.read_parquet(online_retail())
    some = shop[shop["CustomerID"].isin(shop["CustomerID"].dropna().unique()[:150])]
    some.to_csv(folder / "orders.csv", index=False)
    some.head(100).to_csv(folder / "more.csv", index=False)
    rows = [
        (
            f"{who:03d}",
            f"2024. {1 + who % 3}. {day}. 오후 {hour}:05",
            act,
            2,
            1500 + 100 * (who % 7),
            ["서울", "부산"][who % 2],
        )
        for who in range(40)
        for day in (3, 10 + who % 11)
        for hour, act in enumerate(["상품보기", "장바구니", "주문"][: 1 + who % 3], start=1)
    ]
    korean = pd.DataFrame(rows, columns=["고객번호", "일시", "행동", "수량", "단가", "지역"])
    korean.to_csv(folder / "주문.csv", index=False, encoding="cp949")
    korean.head(10).to_csv(folder / "추가.csv", index=False, encoding="cp949")


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_readme_runs(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_orders(tmp_path)
    for told in blocks(readme, "toml"):  # each names its file in its first line
        (tmp_path / told.partition("\n")[0].removeprefix("# ")).write_text(told, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("plotly.graph_objects.Figure.show", lambda figure: None)  # no browser here
    told = commands(readme)
    assert len(told) >= 7
    for command in told:
        words = shlex.split(command)
        if words[1] == "run" and readme != "README.md":
            # What the English README runs; the slow tests run every playbook that ships in both languages.
            assert any(f" run {words[2]} " in one for one in commands("README.md")), command
            continue
        monkeypatch.setattr("sys.argv", words)
        if words[1:2] == ["ingest"] and "--user" not in words:  # proposes, and nobody answers
            with pytest.raises(SystemExit):
                main()
            assert "dangol ingest" in capsys.readouterr().err
        else:
            main()
            assert capsys.readouterr().out, command
    for code in blocks(readme, "python"):
        exec(compile(code, readme, "exec"), {})


def test_every_public_name_is_documented() -> None:
    for name in dg.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(dg, name)), name


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_parameter_of_a_question_is_explained_and_an_option(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = argument_help(QUESTIONS[name])
    monkeypatch.setattr("sys.argv", ["dangol", name, "--help"])
    monkeypatch.setenv("COLUMNS", "400")
    main()
    shown = capsys.readouterr().out
    for parameter in parameters(name):
        assert told.get(parameter.name), f"{name}: {parameter.name} is not in the docstring's Args"
        assert f"--{parameter.name.replace('_', '-')}" in shown
    for section in ("Args:", "Returns:", "Conventions:", "Raises:"):
        assert section in (QUESTIONS[name].__doc__ or ""), f"{name} lacks {section}"
