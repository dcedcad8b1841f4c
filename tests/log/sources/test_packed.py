"""Gz and zip, of every format, whole, cut off and damaged."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dangol.log.sources import open_sources

from .files import fails, one, read, rows, xlsx

CSV = "user,event\nu1,view\nu2,cart\n"
ROWS = [("u1", "view"), ("u2", "cart")]


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_gz_by_its_bytes(tmp_path: Path) -> None:
    for name in ("x.csv.gz", "x.csv", "x"):  # browsers and tools drop or keep the ending as they like
        path = tmp_path / name
        path.write_bytes(gzip.compress(CSV.encode()))
        assert read(path) == ROWS
        source = one(path)
        assert source.details["compression"] == "gzip"
        assert source.size == path.stat().st_size
    path = tmp_path / "plain.csv.gz"
    path.write_text(CSV)
    assert read(path) == ROWS
    assert one(path).details["compression"] == "none"


def test_gz_of_several_parts(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(b"user,event\nu1,vi") + gzip.compress(b"ew\nu2,cart\n"))
    assert read(path) == ROWS


def test_zip_with_two_members(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "x.zip",
        {
            "b/first.csv": CSV.encode(),
            "second.csv": "event,user\nbuy,u3\n".encode("utf-16"),
            "__MACOSX/._second.csv": b"\0\0",
            ".DS_Store": b"\0",
            "folder/": b"",
        },
    )
    first, second = open_sources(path)
    assert [first.name, second.name] == [f"{path}/b/first.csv", f"{path}/second.csv"]
    assert rows(first) == ROWS
    assert rows(second) == [("buy", "u3")]
    assert (first.counted(), second.counted()) == (2, 1)
    assert first.details["compression"] == "zip"
    assert 0 < first.position() <= (first.size or 0) <= path.stat().st_size


def test_korean_names_in_a_zip_made_on_windows(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("XXXX.csv", CSV)
    path.write_bytes(path.read_bytes().replace(b"XXXX.csv", "매출".encode("cp949") + b".csv"))
    (source,) = open_sources(path)
    assert source.name == f"{path}/매출.csv"
    assert rows(source) == ROWS


def test_gz_inside_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"x.csv.gz": gzip.compress(CSV.encode())})
    assert read(path) == ROWS
    assert one(path).details["compression"] == "zip of gzip"


def test_other_formats_packed(tmp_path: Path) -> None:
    table = tmp_path / "x.parquet"
    pq.write_table(pa.table({"user": ["u1", "u2"], "event": ["view", "cart"]}), table)
    book = xlsx(tmp_path / "x.xlsx", {"s": [["user", "event"], *[list(row) for row in ROWS]]})
    lines = b'{"user":"u1","event":"view"}\n{"user":"u2","event":"cart"}\n'
    log = b'<log><trace><event><string key="user" value="u1"/><string key="event" value="view"/></event></trace></log>'
    for name, content, form, expected in (
        ("x.parquet", table.read_bytes(), "Parquet", ROWS),
        ("x.xlsx", book.read_bytes(), "Excel", ROWS),
        ("x.jsonl", lines, "JSON lines", ROWS),
        ("x.xes", log, "XES", ROWS[:1]),
    ):
        gz = tmp_path / f"{name}.gz"
        gz.write_bytes(gzip.compress(content))
        for path in (gz, zipped(tmp_path / f"{name}.zip", {name: content})):
            assert read(path) == expected
            source = one(path)
            assert source.format == form
            assert source.parquet_path is None


@pytest.mark.parametrize("kept", [3, 11, 40, 700])
def test_cut_off_gz(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "x.csv.gz"
    whole = gzip.compress(("user,event\n" + "".join(f"u{at * at},view\n" for at in range(1000))).encode())
    assert len(whole) > 800
    path.write_bytes(whole[:kept])
    fails(path, str(path), "in the middle of its compressed data; copy or download it again")


def test_damaged_gz_and_zip(tmp_path: Path) -> None:
    text = ("user,event\n" + "".join(f"u{at * at},view\n" for at in range(1000))).encode()
    path = tmp_path / "x.csv.gz"
    whole = bytearray(gzip.compress(text))
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    fails(path, "is damaged and cannot be unpacked")
    packed = zipped(tmp_path / "x.zip", {"x.csv": text})
    whole = bytearray(packed.read_bytes())
    whole[len(whole) // 3] ^= 0xFF
    packed.write_bytes(whole)
    fails(packed, "is damaged and cannot be unpacked")
    packed.write_bytes(whole[: len(whole) // 2])
    fails(packed, "is damaged and cannot be unpacked")


def test_archives_that_hold_no_data(tmp_path: Path) -> None:
    fails(zipped(tmp_path / "a.zip", {}), "zip without any file inside")
    fails(zipped(tmp_path / "b.zip", {"__MACOSX/x": b"x"}), "zip without any file inside")
    inner = zipped(tmp_path / "inner.zip", {"x.csv": CSV.encode()}).read_bytes()
    fails(zipped(tmp_path / "c.zip", {"inner.zip": inner}), "an archive inside an archive")
    fails(zipped(tmp_path / "d.zip", {"x.csv": b""}), "d.zip/x.csv is empty")
    empty = tmp_path / "x.gz"
    empty.write_bytes(gzip.compress(b""))
    fails(empty, "is empty (0 bytes unpacked)")
    tar = tmp_path / "x.tar.gz"
    with tarfile.open(tar, "w:gz") as archive:
        info = tarfile.TarInfo("x.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV.encode()))
    fails(tar, "holds a tar archive")


def test_a_zip_with_a_password(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"x.csv": CSV.encode()})
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1  # marked as encrypted
    path.write_bytes(data)
    fails(path, "is protected by a password")
