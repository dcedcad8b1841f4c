"""The command line run in an empty folder, and a small log to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from dangol.cli import main

CSV = """user,event,time,country
a,view,2024-01-01 10:00:00,Korea
a,cart,2024-01-01 10:05:00,Korea
a,order,2024-01-01 10:10:00,Korea
b,view,2024-01-08 10:00:00,France
b,cart,2024-01-08 12:00:00,France
c,view,2024-03-01 10:00:00,France
"""
PRICED = "\n".join(
    line + (",price" if not row else ",12.5" if "order" in line else ",") for row, line in enumerate(CSV.splitlines())
)
MAP = ["--user", "user", "--event", "event", "--time", "time", "--zone", "Asia/Seoul"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run ``dangol …`` in an empty folder; returns exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["dangol", *words])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def shop(run, tmp_path: Path):  # type: ignore[no-untyped-def]
    """A folder with a small log, shop.log."""
    (tmp_path / "shop.csv").write_text(PRICED, encoding="utf-8")
    code, out, err = run("ingest", "shop.csv", *MAP, "--amount", "price", "--out", "shop.log")
    assert code == 0, err
    assert "6 rows in = 6 accepted + 0 rejected + 0 duplicate" in out
    return run
