"""The command line as a person uses it: good answers, and one clear sentence with exit code 2 for bad input."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from plotly.offline import get_plotlyjs

from dangol.core.labels import title
from tests.cli.conftest import CSV, MAP, PRICED


@pytest.mark.parametrize(
    "words",
    [
        ("overview", "shop.log"),
        ("sessions", "shop.log", "--gap", "30m"),
        ("funnel", "shop.log", "--steps", "view,cart,order", "--within", "14d", "--by", "country"),
        ("retention", "shop.log", "--every", "1mo"),
        ("flows", "shop.log", "--unit", "session"),
        ("lifecycle", "shop.log", "--every", "1w"),
        ("rhythm", "shop.log", "--event", "view"),
        ("rfm", "shop.log", "--event", "order", "--bins", "3,2,2", "--recency-cuts", "10,40.5"),
        ("repurchase", "shop.log", "--event", "order", "--days", "7,30"),
        ("sales", "shop.log", "--every", "1w", "--event", "order", "--by", "country"),
        ("drivers", "shop.log", "--outcome", "order", "--least", "1", "--rate", "0.1", "--counts", "1,2"),
    ],
)
def test_every_question_answers_in_every_form(shop, words: tuple[str, ...], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = shop(*words)
    assert code == 0, err
    assert out.startswith(title(words[0]))
    assert shop(*words, "--lang", "ko")[1] != out
    answer = json.loads(shop(*words, "--json")[1])
    assert answer["question"] == words[0]
    assert answer["tables"]
    table = pd.read_csv(StringIO(shop(*words, "--csv")[1]))
    assert len(table) or words[0] == "drivers"  # too few users to test anything
    assert shop(*words, "--html", "page.html", "--lang", "ko")[0] == 0
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<html lang="ko">' in html
    assert not re.search(r"<script[^>]*\ssrc=|<link\s|@import", html.replace(get_plotlyjs(), ""))  # nothing is fetched


def test_numbers_are_right(shop) -> None:  # type: ignore[no-untyped-def]
    table = pd.read_csv(
        StringIO(shop("funnel", "shop.log", "--steps", "view,cart,order", "--within", "1h", "--csv")[1])
    )
    assert table["users"].tolist() == [3, 1, 1]
    table = pd.read_csv(StringIO(shop("sessions", "shop.log", "--csv")[1]))
    assert table["events"].tolist() == [3, 1, 1, 1]


def test_views(shop) -> None:  # type: ignore[no-untyped-def]
    def sessions(*words: str) -> int:
        code, out, err = shop("sessions", "shop.log", "--csv", *words)
        assert code == 0, err
        return len(pd.read_csv(StringIO(out)))

    assert sessions("--where", "country == France") == 3
    assert sessions("--where", "country in Korea,France", "--where", "event != cart") == 3
    assert sessions("--since", "2024-01-08", "--until", "2024-02-01") == 2


def test_append(shop, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "more.csv").write_text(PRICED + "\nd,view,2024-03-02 10:00:00,Korea,\n", encoding="utf-8")
    out = shop("append", "shop.log", "more.csv")[1]
    assert "7 rows in = 1 accepted + 0 rejected + 6 duplicate" in out


def test_without_a_mapping_it_proposes_one(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "orders.csv").write_text(
        "CustomerID,InvoiceDate,Event,Amount\n007,2024-01-01,buy,3\n", encoding="utf-8"
    )
    code, out, err = run("ingest", "orders.csv")
    assert code == 2
    assert (
        "dangol ingest orders.csv --user CustomerID --event Event --time InvoiceDate --amount Amount --out orders.log"
        in err
    )
    assert "007" in out
    assert not (tmp_path / "orders.log").exists()


def bad_files(folder: Path) -> None:
    """Everything a careless morning may bring."""
    (folder / "shop.csv").write_text(CSV, encoding="utf-8")
    (folder / "empty.csv").write_text("", encoding="utf-8")
    (folder / "header.csv").write_text("user,event,time\n", encoding="utf-8")
    (folder / "mixed.csv").write_bytes(
        CSV.encode() + "가,나,2024-01-01,다\n".encode() + "라,마,2024-01-01,바\n".encode("cp949")
    )
    (folder / "nulls.csv").write_text("user,event,time\n,x,2024-01-01\n,y,2024-01-01\n", encoding="utf-8")
    (folder / "times.csv").write_text("user,event,time\na,x,soon\nb,y,later\n", encoding="utf-8")
    (folder / "ambiguous.csv").write_text("user,event,time\na,x,1/2/2024\nb,y,3/4/2024\n", encoding="utf-8")
    names = ",".join(f"c{i}" for i in range(9_997))
    (folder / "wide.csv").write_text(f"user,event,time,{names}\na,x,2024-01-01,{names}\n", encoding="utf-8")
    pd.read_csv(StringIO(CSV)).to_parquet(folder / "whole.parquet")
    (folder / "cut.parquet").write_bytes((folder / "whole.parquet").read_bytes()[:-200])
    (folder / "folder").mkdir()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ingest", "empty.csv", *MAP), "empty"),
        (("ingest", "header.csv", *MAP), "no rows"),
        (("ingest", "mixed.csv", *MAP), "line 8"),
        (("ingest", "nulls.csv", *MAP), "2 of 2 rows were rejected (no user)"),
        (("ingest", "times.csv", *MAP), "'soon', 'later'"),
        (("ingest", "ambiguous.csv", *MAP), "2024-02-01 day-first or 2024-01-02 month-first"),
        (("ingest", "wide.csv", *MAP), "10,000 columns"),
        (("ingest", "cut.parquet", *MAP), "cut.parquet"),
        (("ingest", "folder", *MAP), "folder"),
        (("ingest", "shp.csv", *MAP), "shop.csv"),
        (("ingest", "shop.csv", "--user", "usr", "--event", "event", "--time", "time"), "did you mean 'user'?"),
        (("overview", "none.log"), "there is no log at none.log"),
        (("overview", "folder"), "not a log"),
    ],
)
def test_bad_files_get_one_sentence(run, tmp_path: Path, words: tuple[str, ...], told: str) -> None:  # type: ignore[no-untyped-def]
    bad_files(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    code, _, err = run(*words)
    assert (code, err.count("\n")) == (2, 1), err
    assert told in err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("funnel", "shop.log", "--steps", "view,crt"), "event 'crt' is not in the log; did you mean 'cart'?"),
        (("funnel", "shop.log", "--steps", ""), "step"),
        (("funnel", "shop.log", "--steps", "view,cart", "--within", "-3d"), "within='-3d' must be longer than zero"),
        (("funnel", "shop.log", "--steps", "view,cart", "--within", "14"), "14"),
        (("funnel", "shop.log", "--steps", "view,cart", "--order", "sideways"), "sideways"),
        (("sessions", "shop.log", "--gap", "soon"), "gap='soon' is not a length of time"),
        (("sessions", "shop.log", "--by", "contry"), "did you mean 'country'?"),
        (("retention", "shop.log", "--every", "1.5w"), "every='1.5w'"),
        (("overview", "shop.log", "--where", "country"), "not a condition"),
        (("overview", "shop.log", "--where", "country == Kora"), "did you mean 'Korea'?"),
        (("overview", "shop.log", "--since", "2030-01-01"), "2024-03-01"),
        (("overview", "shop.log", "--table", "perods"), "did you mean 'periods'?"),
        (("overview", "shop.log", "--lang", "fr"), "en or ko"),
        (("overvew", "shop.log"), "did you mean 'overview'?"),
        (("overview", "shop.log", "--evry", "1w"), "--evry"),
        (("overview",), "Missing argument 'log'; see dangol overview --help"),
    ],
)
def test_bad_questions_get_one_sentence(shop, words: tuple[str, ...], told: str) -> None:  # type: ignore[no-untyped-def]
    code, _, err = shop(*words)
    assert (code, err.count("\n")) == (2, 1), err
    assert told in err


def test_ragged_rows_are_set_aside_with_their_number(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "ragged.csv").write_text(CSV + "d,view,2024-03-01\n" + "e,view,2024-03-01,Korea\n", encoding="utf-8")
    out = run("ingest", "ragged.csv", *MAP)[1]
    assert "8 rows in = 7 accepted + 1 rejected + 0 duplicate" in out
    rejects = pd.read_csv(next((tmp_path / "ragged.log").glob("rejects-*.csv")))
    assert rejects["row"].tolist() == [7]
    assert "expected 4 fields, found 3" in rejects["reason"][0]


def test_square_brackets_are_text_not_markup(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "z[").mkdir()
    (tmp_path / "z[" / "b].csv").write_text("uid,[/x],time\na,[/b],2024-01-01\nb,[red]z,2024-01-02\n", encoding="utf-8")
    code, out, err = run("ingest", "z[/b].csv")
    assert (code, "[/x]" in out, "[red]z" in out) == (2, True, True), err
    code, out, err = run("ingest", "z[/b].csv", "--user", "uid", "--event", "[/x]", "--time", "time", "--out", "o.log")
    assert (code, "z[/b].csv" in out) == (0, True), err


def test_a_page_that_cannot_be_written_is_one_sentence(shop) -> None:  # type: ignore[no-untyped-def]
    missing = "cannot be written: there is no folder missing; make it first"
    for target, told in (("missing/x.html", missing), (".", "must end in .html or .htm")):
        code, out, err = shop("overview", "shop.log", "--html", target)
        assert (code, out, err) == (2, "", f"dangol: --html {target} {told}\n")


def test_a_language_that_is_not_known_loads_nothing(shop, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = shop("ingest", "shop.csv", *MAP, "--out", "new.log", "--lang", "xx")
    assert (code, out) == (2, "")
    assert "lang='xx' is not known" in err
    assert not (tmp_path / "new.log").exists()
