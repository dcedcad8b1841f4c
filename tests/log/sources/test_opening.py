"""Paths, globs and lists; and what is said when they lead nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dangol.log.sources import open_sources

from .files import fails, one, read, rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "feb.csv").write_text("user,event\nu2,cart\n")
    (tmp_path / "jan.csv").write_text("event,user\nview,u1\n")
    (tmp_path / "other.txt").write_text("x y\n1 2\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "mar.csv").write_text("user,event\nu3,buy\n")
    return tmp_path


def test_globs_and_lists(folder: Path) -> None:
    names = [os.path.basename(source.name) for source in open_sources(str(folder / "*.csv"))]
    assert names == ["feb.csv", "jan.csv"]  # by name
    names = [os.path.basename(source.name) for source in open_sources([folder / "jan.csv", folder / "feb.csv"])]
    assert names == ["jan.csv", "feb.csv"]  # as given
    assert len(open_sources(f"{folder}/**/*.csv")) == 3
    assert len(open_sources([f"{folder}/*.csv", folder / "deep" / "mar.csv"])) == 3
    assert (
        len(open_sources((folder / "jan.csv", folder / "jan.csv"))) == 2
    )  # the same file twice is the caller's affair


def test_a_name_with_glob_characters(folder: Path) -> None:
    path = folder / "x[1].csv"
    path.write_text("a,b\n1,2\n")
    assert read(path) == [("1", "2")]


def test_home_and_relative_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert read("~/jan.csv") == [("view", "u1")]
    monkeypatch.chdir(folder)
    assert one("jan.csv").name == "jan.csv"
    fails("jann.csv", "jann.csv does not exist; did you mean jan.csv?")


def test_what_does_not_exist(folder: Path) -> None:
    fails(folder / "jna.csv", "does not exist; did you mean", "jan.csv?")
    fails(folder / "nothing-like-it", "does not exist; it was looked for in")
    fails(folder / "no" / "x.csv", "neither does the folder")
    fails(str(folder / "*.parquet"), "no file matches")
    fails(folder, "is a folder; give a file, or a glob such as", "*.csv")
    fails(folder / "deep", "*.csv")
    fails("https://example.org/x.csv", "is an address, not a file; download it")
    fails("s3://bucket/x.parquet", "is an address")
    fails([], "no source was given")
    fails([folder / "jan.csv", 7], "a int cannot be read")


def test_files_without_data(folder: Path) -> None:
    path = folder / "x.csv"
    path.write_bytes(b"")
    fails(path, "is empty (0 bytes)")
    for blank in (b"\n\n\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xef\xbb\xbf\n"):
        path.write_bytes(blank)
        fails(path, "holds no record, only blank lines")


def test_pipes_are_refused(folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    fails(pipe, "no regular file", "save its content to a file first")


def test_a_file_that_may_not_be_read(folder: Path) -> None:
    path = folder / "jan.csv"
    path.chmod(0)
    try:
        if os.access(path, os.R_OK):  # for the superuser nothing is forbidden; then it is read
            assert read(path) == [("view", "u1")]
        else:
            fails(path, "cannot be read: Permission denied")
    finally:
        path.chmod(0o600)


@pytest.mark.parametrize(
    ("magic", "word"),
    [
        (b"ARROW1\0\0", "Arrow IPC"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh9", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"SQLite format 3\0", "SQLite"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PARE", "encrypted Parquet"),
    ],
)
def test_files_of_other_programs(folder: Path, magic: bytes, word: str) -> None:
    path = folder / "x.csv"
    path.write_bytes(magic + b"\0" * 50)
    fails(path, word)


def test_columns_must_agree(folder: Path) -> None:
    path = folder / "apr.csv"
    path.write_text("user,evnt,time\nu,v,2024-01-01\n")
    fails(
        [folder / "jan.csv", path],
        "apr.csv lacks 'event'",
        "has in addition 'evnt', 'time'",
        "compared with",
        "jan.csv",
    )
    fails(f"{folder}/*.*", "apr.csv")


def test_files_of_several_formats(folder: Path) -> None:
    pq.write_table(pa.table({"user": ["u9"], "event": ["view"]}), folder / "x.parquet")
    first, second = open_sources([folder / "feb.csv", folder / "x.parquet"])
    assert rows(first) + rows(second) == [("u2", "cart"), ("u9", "view")]


def test_json_lines_share_their_columns(folder: Path) -> None:
    (folder / "a.jsonl").write_text('{"user": "u1", "page": "/"}\n')
    (folder / "b.jsonl").write_text('{"user": "u2", "coupon": 1}\n')
    first, second = open_sources(f"{folder}/*.jsonl")
    assert first.schema.names == second.schema.names == ["user", "page", "coupon"]
    assert rows(first) + rows(second) == [("u1", "/", None), ("u2", None, "1")]


def test_options_that_mean_nothing(folder: Path) -> None:
    fails(folder / "jan.csv", "sheet= does not apply to", "CSV takes encoding= and delimiter= and header=", sheet="x")
    pq.write_table(pa.table({"a": [1]}), folder / "x.parquet")
    for option in ({"encoding": "utf-8"}, {"delimiter": ","}, {"header": True}, {"sheet": 0}):
        fails(folder / "x.parquet", "does not apply", "Parquet takes no such option", **option)
