"""Units are checked before anything is computed: each thing that cannot be clustered has a sentence of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dangol.core.errors import InputError
from dangol.segments.units import read_units


def table(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"user": ["a", "b", "c", "d"], "visits": [1, 2, 3, 4], "spent": [0.5, 2.5, 1.0, 9.0], **columns}
    )


def test_units_of_any_kind_of_table(tmp_path: Path) -> None:
    frame = table()
    frame.to_parquet(tmp_path / "units.parquet", index=False)
    frame.to_csv(tmp_path / "units.csv", index=False)
    for given in (frame, pa.Table.from_pandas(frame), tmp_path / "units.parquet", str(tmp_path / "units.csv")):
        units = read_units(given, "visits, spent")
        assert (units.unit, units.ids.to_pylist(), units.features) == ("user", list("abcd"), ("visits", "spent"))
        assert units.values.tolist() == [[1, 0.5], [2, 2.5], [3, 1.0], [4, 9.0]]


def test_ids_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("user,x\n007,1\n7,2\nNA,3\n", encoding="utf-8")
    assert read_units(tmp_path / "units.csv", "x").ids.to_pylist() == ["007", "7", "NA"]


def test_the_column_of_ids_is_found() -> None:
    frame = table(country=["kr", "kr", "fr", "us"])
    assert read_units(frame, "visits").unit == "user"
    assert read_units(frame.rename(columns={"user": "account"}), "visits").unit == "account"  # the first text column
    assert read_units(frame.assign(group=list("wxyz")), "visits", unit="group").ids.to_pylist() == list("wxyz")
    assert read_units(table(user=[7, 8, 9, 10]), "visits").ids.to_pylist() == ["7", "8", "9", "10"]


def test_missing_features_are_refused_or_left_out_and_counted() -> None:
    frame = table(spent=[1.0, np.nan, 3.0, 4.0], rate=[np.nan, np.nan, 1.0, 2.0])
    units = read_units(frame, ["spent", "rate"], missing="drop")
    assert units.ids.to_pylist() == ["c", "d"]
    assert units.excluded == {"no spent": 1, "no rate": 2}
    assert units.table.num_rows == 2
    with pytest.raises(
        InputError, match=r"2 of 4 units lack a feature \(spent of 1, rate of 2\), the first is user 'a'"
    ):
        read_units(frame, ["spent", "rate"])


def test_text_is_a_feature_where_categories_are_allowed() -> None:
    frame = table(country=["kr", "fr", "kr", "us"])
    units = read_units(frame, ["visits", "country"], categories=True)
    assert units.categorical.tolist() == [False, True]
    assert units.values[:, 1].tolist() == [0, 1, 0, 2]


def test_as_of_comes_from_the_table_unless_it_is_given() -> None:
    frame = table(as_of=["2024-03-01"] * 4)
    assert read_units(frame, "visits").as_of == "2024-03-01"
    assert read_units(frame, "visits", as_of="2024-02-01").as_of == "2024-02-01"
    assert read_units(table(), "visits").as_of is None
    with pytest.raises(InputError, match="several as_of"):
        read_units(table(as_of=["2024-03-01"] * 3 + ["2024-04-01"]), "visits")


@pytest.mark.parametrize(
    ("frame", "features", "options", "told"),
    [
        (table(), ["visit"], {}, "column 'visit' is not in the table of units; did you mean 'visits'?"),
        (table(), [], {}, "must be names of columns"),
        (table(), ["visits", "visits"], {}, "names 'visits' twice"),
        (table(visits=5), ["visits"], {}, "feature 'visits' is 5 for all 4 units"),
        (table(spent=["1", "2", "x", "3"]), ["spent"], {}, "column 'spent' holds text, such as 'x'"),
        (table(spent=[1, 2, np.inf, 3]), ["spent"], {}, "feature 'spent' of user 'c' is infinite"),
        (table(spent=[1e-320, 2e-320, 3e-320, 4e-320]), ["spent"], {}, "too little to compute distances of"),
        (table(spent=[1.0, 2.0, 3.0, 1e300]), ["spent"], {}, "and distances can be computed of numbers up to"),
        (table(spent=[np.nan] * 4), ["spent"], {"missing": "drop"}, "the table has 0 user"),
        (table(user=["a", "b", "a", "d"]), ["visits"], {}, "user 'a' stands in 2 rows of the table"),
        (table(user=["a", None, "c", "d"]), ["visits"], {}, "row 2 of the table has no user"),
        (table(), ["visits"], {"unit": "spent"}, "column 'spent' holds double, which cannot be ids"),
        (table(), ["visits"], {"unit": "users"}, "did you mean 'user'"),
        (table(), ["visits"], {"missing": "mean"}, "missing='mean' is not known; use 'refuse' or 'drop'"),
        (table().head(1), ["visits"], {}, "the table has 1 user with all features"),
        (table()[["visits", "spent"]], ["visits"], {}, "no text column that could be the ids"),
        (table(when=pd.Timestamp("2024-01-01")), ["when"], {}, "holds timestamp"),
        ("nowhere.parquet", ["visits"], {}, "nowhere.parquet is not there"),
        (3, ["visits"], {}, "found int"),
    ],
)
def test_what_cannot_be_clustered_is_told(frame: Any, features: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        read_units(frame, features, **options)
