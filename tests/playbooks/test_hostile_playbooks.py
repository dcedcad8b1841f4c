"""Playbooks from hand to hand: nothing outside the run's folder is written, nothing in it is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dangol.cli import main
from dangol.core.errors import DangolError, InputError
from dangol.playbooks import writing
from dangol.playbooks.run import run
from tests.playbooks.test_playbooks import VISITS

BOOK = """[source]
path = "visits.csv"
[mapping]
user = "who"
event = "what"
time = "when"
amount = "paid"
zone = "UTC"
[[questions]]
ask = "rfm"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "visits.csv").write_text(VISITS)
    return tmp_path


def play(folder: Path, text: str, out: Any = None) -> Path:
    (folder / "b.toml").write_bytes(text.encode())
    return run(folder / "b.toml", folder / "out" if out is None else out, progress=False)


def told(folder: Path, text: str, out: Any = None) -> str:
    with pytest.raises(DangolError) as caught:
        play(folder, text, out)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "file",
    ["../x.html", "/tmp/x.html", "..", "", ".", "results", "results/x.html", "data.log/x", "a/../../x", "C:x", "a/"],
)
def test_a_report_stays_within_the_folder_of_the_run(folder: Path, file: str) -> None:
    said = told(folder, f"{BOOK}[report]\nfile = '{file}'\n")
    assert said.startswith("b.toml, line 12: file must name a file within the folder of the run")
    assert not (folder / "out").exists()


def test_a_report_may_lie_in_a_folder_below(folder: Path) -> None:
    page = play(folder, f"{BOOK}[report]\nfile = '보고서/x.html'\n")
    assert page == folder / "out" / "보고서" / "x.html"


@pytest.mark.parametrize("where", ["results/notes.txt", "results/01-rfm/notes.md", "results/mine/answer.json"])
def test_what_others_keep_among_the_results_is_not_lost(folder: Path, where: str) -> None:
    play(folder, BOOK)
    precious = folder / "out" / where
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("mine")
    assert "would be lost with the old results" in told(folder, BOOK)
    assert precious.read_text() == "mine"


def test_what_is_no_folder_of_a_run_is_left_alone(folder: Path) -> None:
    (folder / "file").write_text("mine")
    assert "is a file" in told(folder, BOOK, folder / "file")
    assert "cannot be read or written" in told(folder, BOOK, folder / "file" / "below")
    (folder / "linked").mkdir()
    (folder / "linked" / "results").symlink_to(folder)
    assert "is not a folder of results" in told(folder, BOOK, folder / "linked")
    for out in (5, b"x", "\0"):
        assert "is not the name of a folder" in told(folder, BOOK, out)
    assert (folder / "file").read_text() == "mine"


def test_only_one_run_at_a_time(folder: Path) -> None:
    with writing.alone(folder / "out"):
        assert "another process is writing" in told(folder, BOOK)


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_run_that_is_stopped_leaves_the_old_report_with_its_results(
    folder: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    play(folder, BOOK)
    names = ("report.html", "results/01-rfm/answer.json")
    before = [(folder / "out" / name).read_bytes() for name in names]

    def stop(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(writing, "write", stop)
    with pytest.raises((DangolError, KeyboardInterrupt)):
        play(folder, BOOK.replace('"rfm"', '"sales"'))
    assert [(folder / "out" / name).read_bytes() for name in names] == before
    assert sorted(one.name for one in (folder / "out").iterdir()) == ["data.log", "report.html", "results"]


def test_a_killed_run_is_cleared_up_by_the_next(folder: Path) -> None:
    play(folder, BOOK)
    (folder / "out" / "results").rename(folder / "out" / ".results-old")
    (folder / "out" / ".results-new").mkdir()
    told(folder, BOOK.replace('"who"', '"nobody"'))
    assert sorted(one.name for one in (folder / "out").iterdir()) == ["data.log", "report.html", "results"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
        ("title = 'a'\ntitle = 'b'", "is not TOML"),
        (BOOK.replace('"visits.csv"', "[]"), "line 2: path names no file"),
        (BOOK.replace('"visits.csv"', '"b.toml"'), "line 2: user column 'who' is not in the source"),
        (BOOK.replace('"visits.csv"', "'C:\\visits.csv'"), "line 2: "),
        (BOOK.replace('"visits.csv"', '"C:\\visits.csv"'), "is not TOML: Unescaped"),
        (BOOK.replace('"UTC"', "5"), "line 8: zone must be a text in quotes, found 5"),
        (BOOK.replace('"UTC"', '"UTC"\ncollapse = "x"'), "line 9: collapse must be a list of texts"),
        (BOOK.replace('"UTC"', '"UTC"\nencoding = []'), "line 9: encoding must be a text"),
        (BOOK.replace('"rfm"', "{}"), "is not in the catalogue"),
        (BOOK + "'키' = 1", "line 11: parameter '키' is not in rfm"),
        (BOOK + "bins = [\n 5,\n 5, # ]\n 5]\nzzz = 1", "line 15: parameter 'zzz'"),
        ("title = 'a\u2028b\x85c'\n" + BOOK + "zzz = 1", "line 12: parameter 'zzz'"),
        ("[source]\nlog = '.'\n[[questions]]\nask = 'rfm'", "line 2: "),
        ("[source]\nsample = 'fashion-shop'\nusers = 0\n[[questions]]\nask = 'rfm'", "line 3: users=0 must be"),
    ],
)
def test_what_is_wrong_is_one_sentence(folder: Path, text: str, words: str) -> None:
    said = told(folder, text)
    assert said.startswith("b.toml")
    assert words in said
    assert not (folder / "out").exists()


@pytest.mark.parametrize("change", ["\ufeff", "\r\n"])
def test_other_ends_of_lines_and_a_mark_at_the_beginning(folder: Path, change: str) -> None:
    text = BOOK.replace("\n", "\r\n") if change == "\r\n" else change + BOOK
    assert play(folder, text).name == "report.html"


def test_dotted_keys_and_inline_tables(folder: Path) -> None:
    mapping = "".join(f"mapping.{line}\n" for line in BOOK.splitlines() if " = " in line and "visits" not in line)
    head = "source.path = 'visits.csv'\n" + mapping.replace('mapping.ask = "rfm"\n', "")
    assert play(folder, head + "questions = [{ask = 'rfm'}, {ask = 'sales', every = '1w'}]\n").exists()


@pytest.mark.parametrize("playbook", [None, 5, "", "\0", "n" * 5000, ["x"], b"x"])
def test_what_is_no_playbook(playbook: Any) -> None:
    with pytest.raises(InputError, match="playbook"):
        run(playbook, progress=False)


def test_ctrl_c_is_told_and_is_no_success(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dangol.playbooks.run.run", stop)
    monkeypatch.setattr("sys.argv", ["dangol", "run", str(folder / "b.toml")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "dangol: stopped; nothing was left behind\n"
