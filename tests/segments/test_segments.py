"""``Segments``: kept and read again, and used by the log as filter and breakdown."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import dangol as dg
from dangol.core.errors import InputError, StoreError
from tests.logs import make_log
from tests.segments.test_cluster import blobs


@pytest.fixture(scope="module")
def made() -> dg.Segments:
    return dg.cluster(blobs(), ["x", "y"], k=3, as_of="2024-01-05", transforms="winsorise", resamples=5)


def test_what_is_saved_comes_back(made: dg.Segments, tmp_path: Path) -> None:
    place = made.save(tmp_path / "kept.parquet")
    again = dg.Segments.load(place)
    assert again.table.equals(made.table)
    assert (again.names, again.sizes, again.unit, again.plan) == (made.names, made.sizes, "user", made.plan)
    assert again.summary("ko") == made.summary("ko")
    assert again.result.explain() == made.result.explain()
    for name in made.result.tables:
        pd.testing.assert_frame_equal(again.result.tables[name], made.result.tables[name])
    held = parquet.read_table(place)
    assert held.column_names == ["user", "segment", "x", "y", "truth"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.parquet"]


def test_a_file_without_their_making_is_refused(tmp_path: Path) -> None:
    blobs().to_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="holds no segments"):
        dg.Segments.load(tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("no parquet", encoding="utf-8")
    with pytest.raises(InputError, match="holds no segments"):
        dg.Segments.load(tmp_path / "text.parquet")
    with pytest.raises(InputError, match="is not there"):
        dg.Segments.load(tmp_path / "nothing.parquet")


def test_a_label_that_its_making_does_not_know_is_refused(made: dg.Segments, tmp_path: Path) -> None:
    held = parquet.read_table(made.save(tmp_path / "kept.parquet"))
    changed = held.set_column(1, "segment", pa.array(["1"] * 179 + ["4"]))
    parquet.write_table(changed, tmp_path / "kept.parquet")
    with pytest.raises(InputError, match="segment '4' is not in"):
        dg.Segments.load(tmp_path / "kept.parquet")


def test_where_nothing_can_be_written(made: dg.Segments, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        made.save(tmp_path / "no such folder" / "kept.parquet")


def test_the_log_takes_segments_as_they_are() -> None:
    """Two users like each other and one unlike: a column of the log, with the as_of that the table states."""
    log = make_log([("a", "view", "2024-01-01"), ("b", "view", "2024-01-02"), ("c", "view", "2024-01-09")])
    features = pd.DataFrame({"user": list("abc"), "visits": [1, 1, 9], "spent": [2, 3, 9]})
    segments = dg.cluster(features, ["visits", "spent"], k=2, as_of="2024-01-05", resamples=0)
    assert segments.sizes == {"1": 2, "2": 1}
    marked = log.with_segments(segments)
    assert marked.between("2024-01-05", None).where("segment", "==", "2").n_events == 1
    with pytest.raises(InputError, match="would explain"):
        dg.overview(marked.where("segment", "==", "2"))
    later = dg.funnel(marked.between("2024-01-05", None), ["view"], within="1h", by="segment")
    assert later.table["segment"].tolist() == ["2"]


def test_segments_of_groups_find_their_column() -> None:
    rows = [(one, "view", f"2024-01-0{day}") for day, one in enumerate("abc", start=5)]
    log = make_log(rows, attributes={"school": {"a": "north", "b": "south", "c": "north"}})
    table = pd.DataFrame({"school": ["north", "south"], "segment": ["lively", "quiet"], "as_of": "2024-01-01"})
    assert log.with_segments(table).where("segment", "==", "lively").n_events == 2
    with pytest.raises(InputError, match="column 'user' is not in the table of segments"):
        log.with_segments(table.rename(columns={"school": "class"}))
