"""The store: killed, damaged, full, locked, it never shows a wrong number."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dangol.core.errors import InputError, StoreError
from dangol.log import EventLog, ingest, open_log
from dangol.log.store import staging

ROLES = {"user": "u", "event": "e", "time": "t"}


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 10**6, rows), unit="s")
    users = [f"u{i}" for i in random.integers(0, max(rows // 10, 1), rows)]
    return pd.DataFrame(
        {
            "u": users,
            "e": random.choice(list("abc"), rows),
            "t": times,
            "n": random.normal(size=rows),
            "p": random.choice(np.array(["x", None], object), rows),
        }
    )


def everything(log: EventLog) -> tuple[object, ...]:
    """Every value of a log, each column verified."""
    columns = [(one.name, one.kind) for one in log.columns if one.kind != "id"]
    return (
        log.ids().tolist(),
        log.contents.offsets.tolist(),
        log.events,
        log.names("p"),
        *(log.contents.array(name).tobytes() for name, _ in columns),
    )


def read_damaged(folder: Path, where: str) -> None:
    everything(open_log(folder))
    pytest.fail(f"{where} was flipped and nothing was said")


def make(folder: Path, rows: int = 500) -> EventLog:
    return ingest(table(rows), **ROLES, zone="UTC", out=folder)


def test_a_flipped_bit_anywhere_is_reported_before_any_number(tmp_path: Path) -> None:
    truth = everything(make(tmp_path / "a.log"))
    dice = random.Random(7)
    found = 0
    for path in sorted((tmp_path / "a.log").iterdir()):
        sound = path.read_bytes()
        for _ in range(60):
            place, bit = dice.randrange(len(sound)), dice.randrange(8)
            damaged = bytearray(sound)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            with pytest.raises(StoreError, match="not as it was written"):
                read_damaged(tmp_path / "a.log", f"byte {place} of {path.name}")
            found += 1
        path.write_bytes(sound)
    assert found == 180
    assert everything(open_log(tmp_path / "a.log")) == truth


def test_a_column_is_verified_when_it_is_first_read(tmp_path: Path) -> None:
    log = make(tmp_path / "a.log")
    where = json.loads((tmp_path / "a.log" / "log.json").read_text())["files"]["events"]
    path = tmp_path / "a.log" / where["name"]
    damaged = bytearray(path.read_bytes())
    damaged[where["regions"]["n"][0]] ^= 1
    path.write_bytes(damaged)
    again = open_log(log.path or "")
    assert again.contents.array("time").size == 500
    with pytest.raises(StoreError, match=r"column 'n' of .*is not as it was written"):
        again.contents.array("n")


@pytest.mark.parametrize("damage", ["cut", "gone", "version", "not json", "nothing"])
def test_other_damage(tmp_path: Path, damage: str) -> None:
    make(tmp_path / "a.log")
    head, events = tmp_path / "a.log" / "log.json", next((tmp_path / "a.log").glob("events-*"))
    if damage == "cut":
        events.write_bytes(events.read_bytes()[:-100])
    elif damage == "gone":
        events.unlink()
    elif damage == "version":
        head.write_text(head.read_text().replace('"format": 1', '"format": 99'))
    elif damage == "not json":
        head.write_text("{")
    else:
        head.unlink()
    expected = {"version": "newer dangol", "nothing": "is not a log"}.get(damage, "not as it was written")
    with pytest.raises(StoreError, match=expected):
        open_log(tmp_path / "a.log")


def test_what_is_not_a_log(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no log at"):
        open_log(tmp_path / "none.log")
    (tmp_path / "b.log" / ".staging-1").mkdir(parents=True)
    with pytest.raises(StoreError, match="did not finish; run it again"):
        open_log(tmp_path / "b.log")


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    make(tmp_path / "a.log")
    with pytest.raises(InputError, match="is a log already"):
        make(tmp_path / "a.log")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("mine")
    with pytest.raises(InputError, match="other things in it"):
        make(tmp_path / "other")
    with pytest.raises(InputError, match="is a file"):
        make(tmp_path / "other" / "x")
    assert (tmp_path / "other" / "x").read_text() == "mine"


def test_a_failed_load_leaves_the_old_log_or_nothing(tmp_path: Path) -> None:
    truth = everything(make(tmp_path / "a.log"))
    with pytest.raises(InputError):
        ingest(table(5), user="u", event="e", time="n", out=tmp_path / "a.log", replace=True)
    with pytest.raises(InputError):
        ingest(table(5), user="u", event="e", time="n", out=tmp_path / "b.log")
    assert everything(open_log(tmp_path / "a.log")) == truth
    assert not (tmp_path / "b.log").exists()
    assert not list((tmp_path / "a.log").glob(".*"))


def test_two_loads_into_one_log_do_not_mix(tmp_path: Path) -> None:
    make(tmp_path / "a.log")
    with staging(tmp_path / "a.log", replace=True), pytest.raises(InputError, match="another process is writing"):
        ingest(table(5), **ROLES, out=tmp_path / "a.log", replace=True)


LOADER = """
import sys
import pandas as pd
from dangol.log import ingest
ingest(pd.read_parquet(sys.argv[1]), user="u", event="e", time="t", zone="UTC", out=sys.argv[2], replace=True)
"""


def _kill_at(moment: float, source: Path, folder: Path, how: signal.Signals) -> int:
    process = subprocess.Popen([sys.executable, "-c", LOADER, str(source), str(folder)], stderr=subprocess.DEVNULL)
    time.sleep(moment)
    process.send_signal(how)
    return process.wait()


def _how_long(source: Path, folder: Path) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", LOADER, str(source), str(folder)], check=True)
    return time.monotonic() - began


@pytest.mark.slow
def test_killed_at_thirty_random_moments(tmp_path: Path) -> None:
    table(100_000, seed=1).to_parquet(tmp_path / "new.parquet")
    before = everything(make(tmp_path / "a.log", 1_000))
    length = _how_long(tmp_path / "new.parquet", tmp_path / "after.log")
    after = everything(open_log(tmp_path / "after.log"))
    shutil.copytree(tmp_path / "a.log", tmp_path / "old.log")
    dice, seen = random.Random(11), {"old": 0, "new": 0, "none": 0}
    for i in range(30):
        folder = tmp_path / ("a.log" if i % 2 else "fresh.log")
        _kill_at(dice.uniform(0.3, 1.05) * length, tmp_path / "new.parquet", folder, signal.SIGKILL)
        said = ""
        try:
            state = everything(open_log(folder))
        except StoreError as none:
            state, said = None, str(none)
        assert state in ((before, after) if folder.name == "a.log" else (before, after, None)), said
        seen["none" if state is None else "new" if state == after else "old"] += 1
        shutil.rmtree(folder, ignore_errors=True)
        if folder.name == "a.log":
            shutil.copytree(tmp_path / "old.log", folder)
    assert seen["old"], seen
    assert seen["none"], seen


@pytest.mark.slow
def test_stopped_by_the_keyboard_nothing_is_left(tmp_path: Path) -> None:
    table(100_000, seed=1).to_parquet(tmp_path / "new.parquet")
    length = _how_long(tmp_path / "new.parquet", tmp_path / "after.log")
    whole = everything(open_log(tmp_path / "after.log"))
    for part in (0.6, 0.75, 0.9):
        folder = tmp_path / f"{part}.log"
        code = _kill_at(part * length, tmp_path / "new.parquet", folder, signal.SIGINT)
        if code and folder.exists():  # stopped after the log was complete, while Python was ending
            assert everything(open_log(folder)) == whole, part
            assert not list(folder.glob(".*")), part


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounting a small disk needs root on Linux")
def test_a_full_disk_is_said_and_the_old_log_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let a test mount a small disk")
    try:
        truth = everything(make(disk / "a.log"))
        with pytest.raises(StoreError, match="no space is left on the disk"):
            ingest(table(200_000), **ROLES, zone="UTC", out=disk / "a.log", replace=True)
        assert everything(open_log(disk / "a.log")) == truth
        assert not list((disk / "a.log").glob(".staging*"))
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # its maps may still be held
