"""``Sample``: what is written can be read, says how, and appears whole or not at all."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

import dangol as dg
from dangol.core.errors import InputError, StoreError
from dangol.datasets import Sample, creator_platform, fashion_shop, school_sns

MAKERS: dict[str, Callable[..., Sample]] = {
    "school-sns": school_sns,
    "fashion-shop": fashion_shop,
    "creator-platform": creator_platform,
}
SMALL = {"school-sns": 300, "fashion-shop": 60, "creator-platform": 5}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("dirty", [False, True])
def test_the_same_seed_gives_the_same_bytes(name: str, dirty: bool, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        MAKERS[name](SMALL[name], seed=3, dirty=dirty).write(tmp_path / folder)
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert files == sorted(file.name for file in (tmp_path / "two").iterdir())
    for file in files:
        told = (tmp_path / "one" / file).read_bytes()
        if file == "README.md":  # names its folder
            told = told.replace(str(tmp_path / "one").encode(), str(tmp_path / "two").encode())
        assert told == (tmp_path / "two" / file).read_bytes(), file
    other = MAKERS[name](SMALL[name], seed=4, dirty=dirty)
    assert not other.events.equals(MAKERS[name](SMALL[name], seed=3, dirty=dirty).events)


@pytest.mark.parametrize("name", MAKERS)
def test_both_formats_hold_the_same_and_load_alike(name: str, tmp_path: Path) -> None:
    sample = MAKERS[name](SMALL[name], seed=2)
    assert next(iter(sample.tables)) == "events"
    assert sample.write(tmp_path / "out") == tmp_path / "out"
    counts = {}
    for form in ("csv", "parquet"):
        files = {role: str(tmp_path / "out" / f"{role}.{form}") for role in sample.tables}
        told = {**sample.mapping, "attributes": files[sample.mapping["attributes"]]}
        log = dg.ingest(files["events"], **told)
        report = log.report
        assert (report.rows_in, report.accepted, report.rejected) == (sample.events.num_rows, log.n_events, 0)
        counts[form] = (log.n_users, log.start, log.end, dg.overview(log, every="1w").table.to_csv())
    assert counts["csv"] == counts["parquet"]
    memory = dg.ingest(sample.events, **sample.arguments())
    assert memory.zone == "Asia/Seoul"
    assert (memory.n_users, memory.start, memory.end) == counts["csv"][:3]
    for table_name, table in sample.tables.items():
        again = pq.read_table(tmp_path / "out" / f"{table_name}.parquet")
        assert again.num_rows == table.num_rows == sample.truth["rows"][table_name]
        assert pcsv.read_csv(tmp_path / "out" / f"{table_name}.csv").column_names == table.column_names
    first = (tmp_path / "out" / "events.csv").read_text(encoding="utf-8").splitlines()[1]
    assert str(sample.events["time"][0]) in first  # local wall-clock text, to the second


def test_what_stands_beside_the_tables(tmp_path: Path) -> None:
    sample = school_sns(200, seed=1)
    sample.write(tmp_path / "sns", formats=["csv"])
    folder = tmp_path / "sns"
    assert json.loads((folder / "truth.json").read_text(encoding="utf-8")) == sample.truth
    assert pq.read_table(folder / "truth_users.parquet").equals(sample.truth_tables["users"])
    told = tomllib.loads((folder / "mapping.toml").read_text(encoding="utf-8"))["ingest"]
    assert told == {"source": "events.csv", **sample.mapping, "attributes": "users.csv"}
    assert sample.command(folder, "csv") in (folder / "README.md").read_text(encoding="utf-8")
    assert (folder / "truth_schools.parquet").exists()
    assert not (folder / "events.parquet").exists()
    assert repr(sample).startswith("Sample(school-sns: events ")


def test_the_command_names_everything() -> None:
    words = shlex.split(school_sns(50).command("my data", "csv"))
    assert words[:3] == ["dangol", "ingest", "my data/events.csv"]
    assert dict(zip(words[3::2], words[4::2], strict=True)) == {
        "--user": "user",
        "--event": "event",
        "--time": "time",
        "--zone": "Asia/Seoul",
        "--amount": "amount",
        "--group": "school",
        "--attributes": "my data/users.csv",
        "--on": "user",
        "--out": "my data.log",
    }


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    sample = school_sns(50)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("two years of work")
    (tmp_path / "file").write_text("x")
    for place, said in (("mine", "thesis.docx"), ("file", "is a file")):
        with pytest.raises(InputError, match=said):
            sample.write(tmp_path / place, replace=True)
    sample.write(tmp_path / "sns")
    with pytest.raises(InputError, match="holds a sample already"):
        sample.write(tmp_path / "sns")
    (tmp_path / "sns" / "events.log").mkdir()
    with pytest.raises(InputError, match=r"other things in it \(events.log\)"):
        sample.write(tmp_path / "sns", replace=True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "mine", "sns"]


def test_replacing(tmp_path: Path) -> None:
    school_sns(50).write(tmp_path / "sns")
    creator_platform(1, weeks=1).write(tmp_path / "sns", replace=True)
    assert (tmp_path / "sns" / "creators.csv").exists()
    assert not (tmp_path / "sns" / "schools.csv").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["sns"]


def test_a_write_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    sample = school_sns(50)
    sample.write(tmp_path / "sns")
    before = (tmp_path / "sns" / "truth.json").read_bytes()

    def full(stage: str, done: float, total: float) -> None:
        raise OSError(28, "No space left on device")

    for place in ("sns", "new"):
        with pytest.raises(StoreError, match="No space left on device"):
            sample.write(tmp_path / place, replace=True, progress=full)
    assert [one.name for one in tmp_path.iterdir()] == ["sns"]
    assert (tmp_path / "sns" / "truth.json").read_bytes() == before


def test_what_a_killed_write_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".sns.part").mkdir()
    (tmp_path / ".sns.part" / "events.csv").write_text("half a ro")
    school_sns(50).write(tmp_path / "sns", formats=["parquet"])
    assert [one.name for one in tmp_path.iterdir()] == ["sns"]
    assert not (tmp_path / "sns" / "events.csv").exists()


@pytest.mark.parametrize(
    ("formats", "said"),
    [(["xlsx"], "formats='xlsx' is not known"), ([], "list of formats"), ("csv", "list of formats")],
)
def test_formats(formats: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        school_sns(20).write(tmp_path / "sns", formats=formats)
    assert not (tmp_path / "sns").exists()


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []
    school_sns(50, progress=lambda *words: told.append(words)).write(
        tmp_path / "sns", progress=lambda *words: told.append(words)
    )
    assert {stage for stage, _, _ in told} == {"drawing", "writing"}
    for stage in ("drawing", "writing"):
        steps = [(done, total) for what, done, total in told if what == stage]
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1]


def test_an_empty_table_is_written_too(tmp_path: Path) -> None:
    sample = school_sns(1, days=1)
    assert sample.tables["edges"].num_rows == 0
    sample.write(tmp_path / "one")
    assert pq.read_table(tmp_path / "one" / "edges.parquet").num_rows == 0
    assert isinstance(sample.events, pa.Table)
