"""Reports under hostile names and paths: nothing is injected, nothing that is no report is replaced."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from dangol.core.errors import DangolError, InputError, StoreError
from dangol.core.words import LANGUAGES
from dangol.datasets import fashion_shop
from dangol.questions.drivers import drivers
from dangol.questions.lifecycle import lifecycle
from dangol.questions.repurchase import repurchase
from dangol.questions.rhythm import rhythm
from dangol.questions.sales import sales
from dangol.reports.report import report
from tests.logs import make_log

MARKUP = [
    "<b>bold</b>",
    "<a href='https://example.com'>x</a>",
    "&lt;b&gt;",
    "%{x}",
    "<br>",
    "{event}",
    "%s",
    "</script>",
]
RFM = [{"question": "rfm"}]
TAG = re.compile(r"<(/?)([a-zA-Z]+)")


def named(names: list[str]) -> Any:
    """Some users whose events and segments have these names."""
    rows = [
        (f"u{user}", name, f"2024-0{1 + (user + at) % 3}-{1 + user % 28:02} 10:00:00")
        for user in range(40)
        for at, name in enumerate(names)
    ]
    amounts = [1.0 + at % 7 for at in range(len(rows))]
    groups = [names[at % len(names)] for at in range(len(rows))]
    return make_log(rows, properties={"amount": amounts, "kind": groups})


@pytest.mark.parametrize("ask", [lifecycle, rhythm, repurchase, sales])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_name_is_no_markup_in_a_figure(ask: Any, lang: str) -> None:
    figure = ask(named(MARKUP), by="kind").figure(lang).to_json()
    text = json.dumps(json.loads(figure), ensure_ascii=False)
    assert "bold" in text
    assert {tag[1] for tag in TAG.findall(text)} <= {"b", "br", "span", "extra", "i", "sup"}
    assert "<b>bold" not in text
    assert "&lt;b" not in text
    assert "%{x}," not in text.replace("%{y}, %{x},", "")


def test_a_name_stays_as_it_is_where_nothing_is_drawn() -> None:
    answer = drivers(named(MARKUP), MARKUP[0], within="1d", horizon="30d", least=2)
    assert MARKUP[0] in answer.summary()
    assert MARKUP[1] in answer.table["event"].tolist()
    assert "\u2060" not in answer.summary() + "".join(answer.table["event"])


def test_a_device_a_pipe_and_a_folder_are_left_alone(tmp_path: Path) -> None:
    log = named(["view", "order"])
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, what in (("pipe", "device or pipe"), ("folder", "folder")):
        with pytest.raises(StoreError, match=f"is a {what}, not a file that can be replaced"):
            report(log, tmp_path / name, questions=RFM, progress=False)
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "pipe"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.html").write_text("old")
    (tmp_path / "link.html").symlink_to(tmp_path / "real.html")
    report(named(["view", "order"]), tmp_path / "link.html", questions=RFM, progress=False)
    assert (tmp_path / "link.html").is_symlink()
    assert "<html" in (tmp_path / "real.html").read_text(encoding="utf-8")[:100]


@pytest.mark.parametrize("out", ["", ".", "\0", None, 5, b"x", "n" * 300, "file/x.html"])
def test_what_is_no_file_is_refused(out: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("old")
    with pytest.raises(DangolError):
        report(named(["view", "order"]), out, questions=RFM, progress=False)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"questions": "rfm"}, "must be a list of recipes"),
        ({"questions": ["rfm"]}, "must be a list of recipes"),
        ({"questions": 5}, "must be a list of recipes"),
        ({"questions": []}, "asks nothing"),
        ({"questions": [{"question": "rfm", "parameters": [1]}]}, "must be a mapping"),
        ({"questions": [{"question": ["rfm"]}]}, "is not in the catalogue"),
        ({"questions": [{"question": "funnel"}]}, "funnel needs steps"),
        ({"questions": [{"question": "rfm", "parameters": {"log": 1}}]}, "parameter 'log' is not in rfm"),
        ({"title": 5}, "title=5 must be a text"),
        ({"date": 5}, "date=5 must be a text"),
        ({"title": "\ud800"}, "write whole characters"),
        ({"lang": ["en"]}, "use 'en' or 'ko'"),
    ],
)
def test_wrong_arguments_are_told_and_the_old_file_stays(given: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "r.html").write_text("old")
    with pytest.raises(InputError, match=re.escape(words)):
        report(named(["view", "order"]), tmp_path / "r.html", **{"questions": RFM, "progress": False, **given})
    assert (tmp_path / "r.html").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["r.html"]


def test_a_sample_is_not_written_over_what_others_keep_there(tmp_path: Path) -> None:
    made = fashion_shop(50)
    folder = made.write(tmp_path / "s", formats=["csv"])
    made.write(folder, formats=["parquet"], replace=True)
    (folder / "mine.csv").write_text("mine")
    with pytest.raises(InputError, match=re.escape("other things in it (mine.csv)")):
        made.write(folder, replace=True)
    assert (folder / "mine.csv").read_text() == "mine"
    for out in (None, 5, "\0", "n" * 300, folder / "mine.csv" / "below"):
        with pytest.raises(DangolError):
            made.write(out)  # type: ignore[arg-type]
