"""``dangol segment``: from a log to features, to how many segments, to the segments, to what sets them apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.segments.test_cluster import blobs

Run = Callable[..., tuple[int, str, str]]

SPEC = """
unit = "user"

[features]
views = { events = "view", per = "total" }
orders = { events = "order", per = "total" }
span = { span = true }
"""


@pytest.fixture
def units(run: Run, tmp_path: Path) -> Run:
    """A folder with units.csv: three groups that are far apart."""
    blobs().assign(kind="a").to_csv(tmp_path / "units.csv", index=False)
    return run


def test_from_a_log_to_features(shop: Run, tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    code, out, err = shop("segment", "features", "shop.log", "--spec", "spec.toml", "-o", "f.parquet")
    assert (code, err) == (0, "written to f.parquet\n")
    assert "3 users" in out
    table = pd.read_parquet(tmp_path / "f.parquet")
    assert table["user"].tolist() == ["a", "b", "c"]
    assert table[["views", "orders"]].to_numpy().tolist() == [[1, 1], [1, 0], [1, 0]]
    code, out, err = shop("segment", "features", "shop.log", "--spec", "spec.toml", "--exclude", "a", "--csv")
    assert (code, [line.partition(",")[0] for line in out.splitlines()]) == (0, ["user", "b", "c"])


def test_from_units_to_what_sets_them_apart(units: Run, tmp_path: Path) -> None:
    code, out, err = units(
        "segment", "choose", "units.csv", "--features", "x,y", "--methods", "kmeans,gmm", "--k", "2..4"
    )
    assert code == 0, err
    assert "recommended" in out
    fit = ("segment", "fit", "units.csv", "--features", "x,y", "--method", "kmeans", "--k", "3")
    code, out, err = units(*fit, "-o", "made.parquet", "--transforms", "winsorise(x, share=0.02), winsorise(y)")
    assert (code, err) == (0, "written to made.parquet\n")
    assert "180 users in 3 segments" in out
    held = pq.read_table(tmp_path / "made.parquet")
    assert held.column("segment").to_pylist().count("1") == 90
    assert units("segment", "profile", "made.parquet", "--html", "page.html", "--lang", "ko")[0] == 0
    assert "segments.profile(" in (tmp_path / "page.html").read_text(encoding="utf-8")
    code, out, err = units("segment", "profile", "made.parquet", "--json")
    told = json.loads(out)
    assert (code, told["question"], told["recipe"]["question"]) == (0, "profile", "profile")


def test_a_profile_may_be_of_a_part_of_the_log(shop: Run, tmp_path: Path) -> None:
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    assert shop("segment", "features", "shop.log", "--spec", "spec.toml", "-o", "f.parquet")[0] == 0
    fit = ("segment", "fit", "f.parquet", "--features", "orders", "--k", "2", "--resamples", "0")
    assert shop(*fit, "-o", "made.parquet")[0] == 0
    narrow = ("segment", "profile", "made.parquet", "--where", "event == order")
    code, out, _ = shop(*narrow, "--log", "shop.log", "--json")
    assert (code, json.loads(out)["recipe"]["log"]["view"]) == (0, ["event == 'order'"])
    assert shop(*narrow)[0::2] == (2, "dangol: --where narrows a log; give --log, too\n")


def test_tiers_and_names_that_last(units: Run, tmp_path: Path) -> None:
    fit = ("segment", "fit", "units.csv", "--features", "x,y", "--k", "3", "--seed")
    assert units(*fit, "1", "--tiers", "x,-y", "-o", "tiers.parquet")[0] == 0
    first = pq.read_table(tmp_path / "tiers.parquet").column("segment").to_pylist()
    assert set(first) == {"highest", "middle", "lowest"}
    assert units(*fit, "2", "--like", "tiers.parquet", "-o", "later.parquet")[0] == 0
    assert pq.read_table(tmp_path / "later.parquet").column("segment").to_pylist() == first


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fit", "units.csv", "--features", "x,z", "--k", "3"), "column 'z' is not in the table of units"),
        (("fit", "units.csv", "--features", "x,kind", "--k", "3"), "column 'kind' holds text, such as 'a'"),
        (("fit", "units.csv", "--features", "x,y"), "kmeans needs k"),
        (("fit", "units.csv", "--features", "x,y", "--k", "999"), "k=999 is more than the 180 units"),
        (("fit", "units.csv", "--k", "3"), "Missing option '--features'; see dangol segment fit --help"),
        (("fit", "units.csv", "--features", "x", "--k", "3", "--confounders", "y"), "--confounders go with --tiers"),
        (("fit", "nothing.csv", "--features", "x", "--k", "3"), "nothing.csv is not there"),
        (("profile", "units.csv"), "holds no segments"),
        (("profil", "units.csv"), "No such command 'profil'"),
        (("choose", "units.csv", "--features", "x,y", "--methods", "kmean"), "kmean"),
        (("fit", "units.csv", "--features", "x,y", "--k", "3", "--lang", "fr"), "--lang fr is not known"),
        ((), "Missing command"),
    ],
)
def test_one_sentence_for_what_cannot_be_done(units: Run, words: tuple[str, ...], told: str) -> None:
    code, out, err = units("segment", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
