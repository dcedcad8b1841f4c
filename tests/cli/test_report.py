"""``dangol report``, ``dangol run`` and ``--segments`` as a person uses them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

BOOK = """[source]
log = "shop.log"

[[questions]]
ask = "overview"
every = "1w"
"""


def test_a_report_of_a_view(shop, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = shop(
        "report", "shop.log", "-o", "r.html", "--lang", "ko", "--until", "2024-02-01", "--title", "겨울"
    )
    assert (code, out) == (0, "r.html\n"), err
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<h1>겨울</h1>" in text
    assert f"실행일 {date.today().isoformat()}" in text  # noqa: DTZ011 - the command line's own day
    assert "2024-02-01 00:00" in text
    shop("report", "shop.log", "-o", "r.html", "--date", "", "--until", "2024-02-01")
    assert "Run on" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_playbook(shop, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "book.toml").write_text(BOOK)
    code, out, err = shop("run", "book.toml", "-o", "out", "--date", "2024-05-01")
    assert (code, out) == (0, "out/report.html\n"), err
    assert "Run on 2024-05-01" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "results" / "01-overview" / "answer.json").exists()
    code, out, err = shop("run", "book.toml", "-o", "한국어", "--date", "2024-05-01", "--lang", "ko")
    assert (code, out) == (0, "한국어/report.html\n"), err
    assert "실행일 2024-05-01" in (tmp_path / "한국어" / "report.html").read_text(encoding="utf-8")


def test_segments_of_a_file_filter_and_break_down(shop, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "tiers.csv").write_text("user,segment\na,gold\nb,silver\n")
    given = ("--segments", "tiers.csv", "--segments-as-of", "2024-01-01")
    assert "gold" in shop("retention", "shop.log", *given, "--by", "segment", "--since", "2024-01-01")[1]
    code, out, _ = shop("overview", "shop.log", *given, "--where", "segment == gold", "--table", "events")
    assert code == 0
    assert "view" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("report", "none.log"), "none.log"),
        (("report", "shop.log", "--lang", "fr"), "use 'en' or 'ko'"),
        (("report", "shop.log", "-o", "none.csv/x.html"), "cannot be written"),
        (("run", "shop-sns"), "did you mean 'school-sns'?"),
        (("run", "none.toml"), "there is no playbook none.toml"),
        (("run", "bad.toml"), "bad.toml, line 6: parameter 'evry' is not in overview; did you mean 'every'?"),
        (("overview", "shop.log", "--segments", "none.csv"), "none.csv cannot be read"),
        (("overview", "shop.log", "--segments", "tiers.csv", "--by", "segment"), "segments need as_of"),
        (("overview", "shop.log", "--hindsight"), "go with --segments"),
        (
            ("overview", "shop.log", "--segments", "tiers.csv", "--segments-as-of", "2024-02-01", "--by", "segment"),
            "explain the past by its own future",
        ),
        (("rfm", "shop.log", "--event", "order", "--tiers", "{"), "--tiers is not JSON"),
        (("rfm", "shop.log", "--event", "order", "--recency-cuts", "1,x"), "--recency-cuts '1,x' must be numbers"),
    ],
)
def test_what_cannot_be_is_one_sentence(shop, tmp_path: Path, words: tuple[str, ...], told: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "bad.toml").write_text(BOOK.replace("every", "evry"))
    (tmp_path / "tiers.csv").write_text("user,segment\na,gold\nb,silver\n")
    (tmp_path / "none.csv").write_text("") if "none.csv/x.html" in words else None
    code, _, err = shop(*words)
    assert code == 2
    assert told in err
    assert len(err.strip().splitlines()) == 1
