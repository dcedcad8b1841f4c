"""What a careless or hostile hand gives to the commands about segments: one sentence, nothing lost or left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import dangol as dg
from tests.cli.conftest import CSV
from tests.segments.test_cluster import blobs

Run = Callable[..., tuple[int, str, str]]

SPEC = 'unit = "user"\n[features]\nviews = { events = "view", per = "total" }\nspan = { span = true }\n'
FIT = ("segment", "fit", "units.csv", "--features", "x,y", "--k", "3", "--resamples", "0")
FEATURES = ("segment", "features", "shop.log", "--spec", "spec.toml")
PROFILE = ("segment", "profile", "made.parquet")
MERGE = ("collect", "profiles", "people.csv", "posts.csv")


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with what is in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with something of every kind that the commands read."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "shop.csv").write_text(CSV, encoding="utf-8")
    dg.ingest(folder / "shop.csv", user="user", event="event", time="time", out=folder / "shop.log", progress=False)
    blobs().assign(kind="a").to_csv(folder / "units.csv", index=False)
    dg.cluster(folder / "units.csv", "x,y", k=3, resamples=0).save(folder / "made.parquet")
    (folder / "spec.toml").write_text(SPEC, encoding="utf-8")
    (folder / "people.csv").write_text("account,follower\na,100\nb,50\n", encoding="utf-8")
    (folder / "posts.csv").write_text("account,type,like_count,comments_count\na,image,9,1\n", encoding="utf-8")
    (folder / "folder").mkdir()
    (folder / "link.parquet").symlink_to("units.csv")
    return folder


@pytest.fixture
def full(run: Run, template: Path, tmp_path: Path) -> Run:
    """A copy of that folder, with a pipe."""
    shutil.copytree(template, tmp_path, symlinks=True, dirs_exist_ok=True)
    os.mkfifo(tmp_path / "pipe.parquet")
    return run


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*FIT, "-o", "units.csv"), "--out units.csv must end in .parquet"),
        ((*FIT, "-o", "noext"), "--out noext must end in .parquet"),
        ((*FIT, "-o", ""), "must end in .parquet"),
        ((*FIT, "-o", "/"), "must end in .parquet"),
        ((*FIT, "-o", "shop.log/log.json"), "must end in .parquet"),
        ((*FIT, "-o", "link.parquet"), "would replace units.csv, which this command needs"),
        ((*FIT, "-o", "pipe.parquet"), "is a device or pipe, not a file that can be replaced"),
        ((*FIT, "-o", "none/x.parquet"), "there is no folder none; make it first"),
        ((*FIT, "-o", "units.csv/x.parquet"), "there is no folder units.csv"),
        ((*FIT, "-o", "a" * 300 + ".parquet"), "cannot be written: File name too long"),
        (
            (*FIT, "--like", "made.parquet", "-o", "made.parquet"),
            "would replace made.parquet, which this command needs",
        ),
        ((*FIT, "-o", "new.parquet", "--html", "none/x.html"), "there is no folder none"),
        ((*FIT, "-o", "new.parquet", "--table", "sizes"), "table 'sizes' is not in this result"),
        ((*FIT, "--html", "units.csv"), "--html units.csv must end in .html or .htm"),
        ((*FEATURES, "-o", "spec.toml"), "must end in .parquet"),
        ((*FEATURES, "-o", "shop.log/new.parquet"), "would replace shop.log, which this command needs"),
        ((*FEATURES, "-o", "new.parquet", "--table", "sizes"), "table 'sizes' is not in this result"),
        ((*PROFILE, "--html", "made.parquet"), "--html made.parquet must end in .html or .htm"),
        ((*PROFILE, "--html", "folder"), "--html folder must end in .html"),
        ((*MERGE, "-o", "people.csv"), "would replace people.csv, which this command needs"),
        ((*MERGE, "-o", "./posts.csv"), "would replace posts.csv, which this command needs"),
        ((*MERGE, "-o", "none/x.csv"), "there is no folder none"),
        ((*MERGE, "-o", "m.xlsx"), "must end in .parquet or .csv"),
        ((*MERGE, "--types", "reels=video,reels=image"), "says twice what 'reels' counts as"),
        (("overview", "shop.log", "--html", "shop.log/x.html"), "would replace shop.log, which this command needs"),
        ((*FIT[:5], "--k", "2..3"), "Invalid value for '--k': Input should be a valid integer"),
        ((*FIT[:5], "--k", "2..3"), "see dangol segment fit --help"),
        ((*FIT, "--transforms", "lgo1p"), "did you mean 'log1p'?"),
        ((*FIT[:3], "--features", "x,yy", "--k", "3"), "did you mean 'y'?"),
        ((*FIT[:3], "--features", "x\n\x1b[31m,y", "--k", "3"), "is not in the table of units"),
        ((*FIT[:3], "--features", "\udcff,y", "--k", "3"), "cannot be read in this terminal's encoding"),
    ],
)
def test_nothing_is_written_over_or_left_behind(full: Run, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    before = held(tmp_path)
    code, out, err = full(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert err.strip("\n").isprintable()
    assert held(tmp_path) == before


def test_a_broken_quote_is_told_in_one_line(full: Run, tmp_path: Path) -> None:
    (tmp_path / "quote.csv").write_text('user,x,y\na,1,2\n"b,1,2\nc,3,4\n', encoding="utf-8")
    code, out, err = full("segment", "fit", "quote.csv", "--features", "x,y", "--k", "2")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "quote.csv cannot be read" in err


def test_a_link_stays_a_link(full: Run, tmp_path: Path) -> None:
    for target, link, words in (("a.parquet", "to_a.parquet", FIT), ("b.parquet", "to_b.parquet", FEATURES)):
        (tmp_path / link).symlink_to(target)
        assert full(*words, "-o", link)[0] == 0
        assert (tmp_path / link).is_symlink()
        assert (tmp_path / target).read_bytes()[:4] == b"PAR1"


def test_a_full_disk_leaves_the_old_file(full: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert full(*MERGE)[0] == 0
    before = held(tmp_path)

    def stop(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dangol.core.files.os.fsync", stop)
    for words in (MERGE, (*FEATURES, "-o", "made.parquet"), (*PROFILE, "--html", "new.html")):
        code, out, err = full(*words)
        assert (code, out) == (2, "")
        assert err.endswith("cannot be written: No space left on device\n")
        assert held(tmp_path) == before


# ---- playbooks --------------------------------------------------------------------------------------------------

BOOK = """[source]
path = "shop.csv"
[mapping]
user = "user"
event = "event"
time = "time"
group = "country"
[[segments]]
name = "kind"
as_of = "2024-02-01"
least = 1
[segments.features]
views = { events = "view" }
carts = { events = "cart" }
[segments.cluster]
features = ["views", "carts"]
k = 2
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('name = "kind"', 'name = " "', 9, "name is blank"),
        ('as_of = "2024-02-01"', 'as_of = "soon"', 10, "as_of='soon' is not a date or time"),
        ('as_of = "2024-02-01"', 'as_of = "1990-01-01"', 10, "is not after the log's first event"),
        ('events = "cart"', 'events = "crat"', 14, "did you mean 'cart'?"),
        ("k = 2\n", 'k = 2\n[segments.names]\n1 = ""\n', 19, "the name of segment '1' is blank"),
        ("k = 2\n", 'k = 2\n[segments.names]\n1 = { en = "a", ko = " " }\n', 19, "the name of segment '1' is blank"),
        ("k = 2\n", 'k = 2\n[[segments]]\nname = "kind"\nrfm = {}\n', 19, "called 'kind' already"),
    ],
)
def test_a_playbook_says_the_line(full: Run, tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert BOOK.count(old) == 1
    (tmp_path / "b.toml").write_text(BOOK.replace(old, new) + '[[questions]]\nask = "overview"\n', encoding="utf-8")
    code, out, err = full("run", "b.toml", "-o", "out")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"dangol: b.toml, line {line}: ")
    assert told in err


@pytest.mark.parametrize(
    ("words", "told"),
    [(("-o", "shop.log"), "shop.log is a log"), (("-o", "out", "--lang", ""), "lang='' is not known")],
)
def test_a_run_writes_into_no_log_and_in_no_strange_language(
    full: Run, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "b.toml").write_text('[source]\nlog = "shop.log"\n[[questions]]\nask = "overview"\n', encoding="utf-8")
    before = held(tmp_path)
    code, out, err = full("run", "b.toml", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert held(tmp_path) == before


# ---- processes --------------------------------------------------------------------------------------------------

_CALL = "import sys; from dangol.cli import main; sys.argv[0] = 'dangol'; main()"


def process(folder: Path, code: str, *words: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_command_and_takes_away_what_is_half_written(
    full: Run, tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    before = held(tmp_path)
    slow = (
        "import pandas, pathlib, time\n"
        "def slow(table, part, **_):\n    part.write_bytes(b'PAR1')\n    time.sleep(60)\n"
        "pandas.DataFrame.to_parquet = slow\n"
    )
    running = process(tmp_path, slow + _CALL, *MERGE, "-o", "new.parquet")
    for _ in range(1_000):
        if any(".part" in name for name in os.listdir(tmp_path)):
            break
        time.sleep(0.02)
    running.send_signal(sign)
    assert "Traceback" not in running.communicate(timeout=30)[1]
    assert running.returncode == code
    assert held(tmp_path) == before


def test_a_terminal_without_the_letters_is_no_reason_to_fail(full: Run, tmp_path: Path) -> None:
    asked = process(tmp_path, _CALL, *MERGE, "--lang", "ko", PYTHONIOENCODING="ascii")
    out, err = asked.communicate(timeout=30)
    assert (asked.returncode, err) == (0, "1 account written to merged.parquet\n")
    assert "\\uacc4\\uc815" in out  # 계정


def test_closed_output_is_no_reason_to_fail(full: Run, tmp_path: Path) -> None:
    closed = "import os; os.close(1); os.close(2); import sys; sys.stdout = sys.stderr = None\n"
    asked = process(tmp_path, closed + _CALL, *MERGE)
    assert asked.communicate(timeout=30) == ("", "")
    assert asked.returncode == 0
    assert (tmp_path / "merged.parquet").is_file()
