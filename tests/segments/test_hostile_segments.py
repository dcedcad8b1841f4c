"""Hostile and careless input: a sentence that says what to do, or the right answer; nothing else."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

import dangol as dg
from dangol import InputError, Segments, StoreError
from dangol.segments import methods
from dangol.segments.methods import DENSE

HEAD = b"dangol.segments"  # where a file tells of the making of its segments
N = 12
FEATURES = ["a", "b"]
IDS = [f"u{place}" for place in range(N)]


def table(**columns: Any) -> pd.DataFrame:
    """Twelve users in two plain groups: a is 0 to .5 of the first six, and 10 to 10.5 of the others."""
    a = [place % 6 / 10 + 10 * (place > 5) for place in range(N)]
    return pd.DataFrame({"user": IDS, "a": a, "b": [place % 5 for place in range(N)]} | columns)


def made(frame: object = None, features: object = None, **options: Any) -> Segments:
    frame = table() if frame is None else frame
    return dg.cluster(frame, FEATURES if features is None else features, **{"k": 2, "resamples": 0} | options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def log() -> dg.EventLog:
    """Four events of each user."""
    times = pd.date_range("2024-01-01", periods=4 * N, freq="h")
    acts = pd.DataFrame({"who": IDS * 4, "what": ["see", "buy", "see"] * 16, "when": times, "club": ["x", "y"] * 24})
    return dg.ingest(acts, user="who", event="what", time="when", group="club", zone="Asia/Seoul", progress=False)


# ---- columns and ids ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ([2**64 + place for place in range(N)], "cannot be read: Python int too large"),
        (["１", "２", "３"] * 4, "holds text, such as '１'"),  # digits to Python, but not to Arrow
        ([-0.0, 0.0] * 6, "'x' is 0 for all 12 units"),
        ([datetime.timedelta(place) for place in range(N)], r"holds duration\[us\], not numbers"),
    ],
)
def test_a_column_that_is_no_feature_is_told(column: list[Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        made(table(x=column), "a, x")


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([UUID(int=place) for place in range(N)], "cannot be ids; give ids as text"),
        ([b"\xff%d" % place for place in range(N)], "holds binary, which cannot be ids"),
        (pd.to_timedelta(range(N), unit="D"), "cannot be ids; give ids as text"),
        ([place + 0.5 for place in range(N)], "holds double, which cannot be ids"),
        (["", *IDS[1:]], "row 1 of the table has no user; leave out the 1 rows"),
    ],
)
def test_ids_that_would_not_stay_what_they_are_are_refused(ids: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        made(table(user=ids))


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        ([f"{place:03d}" for place in range(N)], "000"),
        (list(range(2**63, 2**63 + N)), str(2**63)),
        (pd.Categorical(IDS), "u0"),
        (["<b>%{x}</b>\n😀", *IDS[1:]], "<b>%{x}</b>\n😀"),
    ],
)
def test_ids_stay_what_they_are(ids: Any, kept: str) -> None:
    assert made(table(user=ids)).table["user"][0] == kept


@pytest.mark.parametrize("name", ["x", "y", "silhouette", "segment", "as_of"])
def test_the_column_of_ids_has_a_name_of_its_own(name: str) -> None:
    """Else the ids would be lost in tables that have a column of that name beside them."""
    with pytest.raises(InputError, match=f"the column of ids cannot be called '{name}'"):
        made(table().rename(columns={"user": name}), unit=name)


@pytest.mark.parametrize("features", [5, None, True, object(), {"a", "b"}, {"a": 1}, [], [["a"]], b"a", "a, ,b"])
def test_features_are_names_in_an_order(features: Any) -> None:
    with pytest.raises(InputError, match=r"must be names of columns, such as \['votes', 'minutes'\]"):
        dg.cluster(table(), features, k=2)


def test_a_feature_that_is_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="'user' is the column of ids, and they tell every unit apart"):
        made(features="user, a", unit="user", metric="gower", method="kmedoids")
    with pytest.raises(InputError, match="'as_of' says up to when the data reach, so it is no feature"):
        made(table().rename(columns={"a": "as_of"}), "as_of, b")


# ---- tables and files --------------------------------------------------------------------------------------------


def test_tables_of_polars_are_read() -> None:
    """Their texts are views, of which Arrow takes no rows; categories of views it does not even cast."""
    known = made().sizes
    plain = pl.from_pandas(table())
    assert made(plain).sizes == made(plain.with_columns(pl.col("user").cast(pl.Categorical))).sizes == known


def test_tables_without_rows_or_with_a_name_twice_are_told() -> None:
    with pytest.raises(InputError, match="the table of units has no rows; clustering needs two users at least"):
        made(table().iloc[:0])
    twice = pa.Table.from_arrays([pa.array(IDS), *[pa.array(range(N))] * 3], names=["user", "a", "c", "c"])
    with pytest.raises(InputError, match="several columns 'c'; give them different names"):
        made(twice, "a")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("cp949.csv", "사용자,a,b\nx,1,2\n".encode("cp949"), "cannot be read"),
        ("text.parquet", b"user,a,b\nx,1,2\n", "cannot be read"),
    ],
)
def test_files_that_are_no_tables_are_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told):
        made(tmp_path / name)


@pytest.mark.parametrize("path", ["nowhere.csv", "x" * 5_000, "a\0b"])
def test_paths_that_lead_nowhere_are_told(path: str) -> None:
    with pytest.raises(InputError, match="is not there; give a Parquet or CSV file"):
        made(path)


def test_files_are_read_whatever_the_case_of_their_ending(tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "UNITS.PARQUET")
    (tmp_path / "units.csv").write_text("\ufeff" + table().to_csv(index=False), encoding="utf-8")
    assert made(tmp_path / "UNITS.PARQUET").sizes == made(tmp_path / "units.csv").sizes == made().sizes


# ---- options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [-1, 2**40, 1.0, "2", True, None, np.bool_(True), [1], pd.NA, 10**400])
def test_a_seed_is_a_number_that_every_method_takes(seed: Any) -> None:
    told = "seed=.* must be a whole number"
    with pytest.raises(InputError, match=told):
        made(seed=seed)
    with pytest.raises(InputError, match=told):
        made().stability(2, seed=seed)
    with pytest.raises(InputError, match=told):
        dg.choose_clusters(table(), FEATURES, seed=seed)


@pytest.mark.parametrize("resamples", [-1, 10**6, 2.0, True, None, "2", pd.NA])
def test_resamples_are_counted(resamples: Any) -> None:
    with pytest.raises(InputError, match=r"resamples=.* must be a whole number"):
        made(resamples=resamples)
    with pytest.raises(InputError, match=r"resamples=.* must be a whole number"):
        made().stability(resamples)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"k": 2**2000}, "must be a whole number of at least 1, and of 1e"),
        ({"method": pd.NA}, "method=<NA> is not known"),
        ({"method": "dbscan", "k": None, "eps": 2**2000}, "must be a number of at least 0"),
        ({"as_of": 5}, "as_of=5 is not a date or time"),
        ({"as_of": pd.NaT}, "as_of=NaT is not a date or time"),
        ({"transforms": None}, "transforms=None must be text"),
        ({"transforms": {"log1p"}}, "transforms={'log1p'} must be text"),
    ],
)
def test_options_that_cannot_be_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        made(**options)


def test_numbers_of_numpy_and_times_of_pandas_are_taken_and_kept(tmp_path: Path) -> None:
    segments = made(k=np.int64(2), seed=np.int32(3), as_of=pd.Timestamp("2024-01-01"))
    again = Segments.load(segments.save(tmp_path / "kept.parquet"))
    assert (again.plan.k, again.plan.seed, again.units.as_of) == (2, 3, "2024-01-01 00:00:00")
    assert again.sizes == {"1": 6, "2": 6}


@pytest.mark.parametrize("linkage", ["average", "complete", "weighted"])
def test_rows_of_zeros_have_a_direction_of_their_own(linkage: str) -> None:
    """The cosine of nothing is unknown: such rows are at distance 0 from each other and 1 from all else."""
    frame = pd.DataFrame({"user": list("abcd"), "a": [0.0, 0, 1, 2], "b": [0.0, 0, 3, 6]})
    found = made(frame, metric="cosine", method="hierarchical", linkage=linkage, scale="none", extremes="keep")
    assert found.labels.tolist() == ["1", "1", "2", "2"]
    assert found.result.tables["tree"]["height"].to_numpy() == pytest.approx([0, 0, 1], abs=1e-12)


def test_segments_of_texts_alone_have_no_centres() -> None:
    segments = made(table(c=["p", "q", "r"] * 4), "c", metric="gower", method="kmedoids")
    assert segments.centers.columns.tolist() == ["segment", "units", "share"]
    assert segments.result.tables["centers"].empty


def test_a_picture_of_components_takes_no_logarithm_of_them() -> None:
    """log1p is for the features; their components are below -1 as often as not."""
    frame = table(c=[place % 4 for place in range(N)])
    segments = made(frame, "a, b, c", transforms="log1p")
    drawn = [float(x) for trace in segments.figure().data if trace.x is not None for x in trace.x if x is not None]
    assert segments.result.tables["map"]["x"].min() < -1
    assert set(segments.result.tables["map"]["x"].round(9)) <= set(np.round(drawn, 9))


def test_what_needs_all_distances_in_double_precision_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DENSE == 8_000  # 0.5 GB, several times
    monkeypatch.setattr(methods, "DENSE", 11)
    with pytest.raises(InputError, match="hdbscan with metric='gower' needs all distances, for up to 11 units"):
        made(method="hdbscan", metric="gower", k=None)


# ---- what is asked of segments -----------------------------------------------------------------------------------


@pytest.mark.parametrize("earlier", [None, 5, table(), "segments.parquet"])
def test_match_takes_segments(earlier: Any) -> None:
    with pytest.raises(InputError, match="the earlier segments must be Segments, found"):
        made().match(earlier)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"rule": None}, "rule=None must name the axes"),
        ({"rule": "a", "names": {"x", "y"}}, "names has 1 names for 2 segments"),
        ({"rule": "a", "names": ["extreme: x", "y"]}, "begins as segments of extremes do"),
        ({"rule": "a", "confounders": ["b", None]}, "must name numeric columns"),
    ],
)
def test_tiers_of_nothing_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        made().tiers(**options)


def test_a_profile_takes_a_log_and_names(log: dg.EventLog) -> None:
    for other in (5, table(), "shop.log", made()):
        with pytest.raises(InputError, match=r"log must be a log, as dangol.open_log returns it"):
            made().profile(other)  # type: ignore[arg-type]
    for names in (5, True, [None], [1]):
        with pytest.raises(InputError, match=r"events=.* must be a list of names"):
            made().profile(log, events=names)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="segment=1 must be the name of a segment, a text such as '1'"):
        made().profile(log).units(segment=1)


@pytest.mark.parametrize(
    ("segments", "told"),
    [
        ({"u0": 2**70}, "cannot be read as a table"),
        (pd.concat([table(segment="x")] * 2, axis=1), "cannot be read as a table"),
        (table(segment="x", user=pd.to_timedelta(range(N), unit="D")), "holds duration"),
    ],
)
def test_labels_that_cannot_be_are_told(log: dg.EventLog, segments: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        log.with_segments(segments, as_of="2024-01-01")


def test_labels_of_polars_are_read(log: dg.EventLog) -> None:
    frame = pl.DataFrame({"user": ["u0", "u1"], "segment": ["x", "y"]}).with_columns(pl.all().cast(pl.Categorical))
    labelled = log.with_segments(frame, as_of="2024-01-01")
    assert (labelled.contents.added["segment"].found, labelled.contents.added["segment"].texts) == (2, (None, "x", "y"))


# ---- features of units -------------------------------------------------------------------------------------------


def test_features_take_a_log_and_lists_that_can_be_read_twice(log: dg.EventLog) -> None:
    spec = {"features": {"seen": {"events": "see"}}}
    with pytest.raises(InputError, match=r"log must be a log, as dangol.open_log returns it, found DataFrame"):
        dg.group_features(table(), spec)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must be a list of ids of units"):
        dg.group_features(log, spec, exclude=iter(["x"]))  # type: ignore[arg-type]
    assert dg.group_features(log, spec, exclude=["x"]).table["group"].tolist() == ["y"]
    counted = dg.group_features(log, spec, least=np.int64(1))  # type: ignore[arg-type]
    assert json.dumps(counted.recipe["parameters"]["least"]) == "1"


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        (pd.DataFrame({"source": [2**70], "target": [1]}), "edges cannot be read as a table"),
        (pd.DataFrame({"source": [b"\xff"], "target": [b"u1"]}), "holds binary, which cannot be user ids"),
        ("x" * 5_000, "is not there; give a Parquet or CSV file"),
    ],
)
def test_edges_that_cannot_be_are_told(log: dg.EventLog, edges: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        dg.group_features(log, {"features": {"density": {"density": True}}}, edges=edges)


# ---- files of segments -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [None, 5, "", "a\0b", "z" * 400])
def test_files_of_segments_have_names(path: Any) -> None:
    with pytest.raises(InputError, match="cannot be the path of a file"):
        made().save(path)
    with pytest.raises(InputError, match="cannot be the path of a file"):
        Segments.load(path)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "folder", tmp_path / "no" / "x.parquet", tmp_path / "file" / "x.parquet"):
        with pytest.raises(StoreError, match="cannot be written"):
            made().save(place)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder"]


def _edited(path: Path, text: str) -> Path:
    """Write the segments of a file under another head."""
    kept, edited = parquet.read_table(path), path.with_name("edited.parquet")
    parquet.write_table(kept.replace_schema_metadata({HEAD: text.encode()}), edited)
    return edited


def _whole(path: Path) -> None:
    """Ask for all that is made of what a file tells."""
    segments = Segments.load(path)
    told = segments.result
    assert told.summary("en") != told.summary("ko")
    assert all(len(told.tables[name].columns) for name in told.tables)
    segments.stability(1)


def test_what_a_file_tells_is_read_or_refused_whatever_it_is(tmp_path: Path) -> None:
    """Every part of the head is replaced by something odd; all of it ends in an answer or a sentence."""
    segments = made(table(c=range(N)), transforms="log1p").tiers("a", confounders="c")
    path = segments.match(segments).save(tmp_path / "kept.parquet")
    head = json.loads(parquet.read_schema(path).metadata[HEAD])
    inner: list[dict[str, Any]] = [head, head["told"]]
    inner += [head["told"][part] for part in ("plan", "quality", "stability", "tiers", "matched")]
    refused, tried = 0, 0
    for part in inner:
        for name, before in list(part.items()):
            for odd in (None, "x", [1], -1):
                part[name] = odd
                tried += 1
                try:
                    _whole(_edited(path, json.dumps(head)))
                except InputError:
                    refused += 1
            part[name] = before
    assert 0.7 * tried < refused < tried


@pytest.mark.parametrize("text", ["", "null", "[]", "5", "[" * 100_000, '{"unit": NaN}'])
def test_a_head_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = made().save(tmp_path / "kept.parquet")
    with pytest.raises(InputError, match=r"holds no segments|was not written by save"):
        Segments.load(_edited(path, text))


def test_files_that_were_cut_are_refused(tmp_path: Path) -> None:
    path = made().save(tmp_path / "kept.parquet")
    whole = path.read_bytes()
    for size in (0, 4, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.parquet").write_bytes(whole[:size])
        with pytest.raises(InputError, match="holds no segments"):
            Segments.load(tmp_path / "cut.parquet")


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("user", ["u0"] * N, "user 'u0' stands in 12 rows"),
        ("segment", [None] * N, "segment 'None' is not in what it tells of their making"),
        ("segment", ["1"] * N, "segment '2' has no units"),
    ],
)
def test_columns_that_were_changed_are_refused(tmp_path: Path, column: str, values: list[Any], told: str) -> None:
    path = made().save(tmp_path / "kept.parquet")
    kept = parquet.read_table(path)
    place = kept.column_names.index(column)
    parquet.write_table(kept.set_column(place, column, pa.array(values, pa.string())), path)
    with pytest.raises(InputError, match=rf"was not written by save, or was changed since: .*{told}"):
        Segments.load(path)
