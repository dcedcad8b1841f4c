"""The two rates of influencers: what ships equals the file that it was taken from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import dangol as dg


def test_rates_are_those_of_the_file_in_its_order(shared_data: Path) -> None:
    source = pd.read_csv(shared_data / "influencers" / "influencers.csv")
    rates = dg.datasets.influencer_rates().to_pandas()
    for name in ("ER", "active_rate"):
        np.testing.assert_array_equal(rates[name], source[name])
    assert not set(rates["account"]) & set(source["account"])


def test_rates_are_all_that_ships() -> None:
    rates = dg.datasets.influencer_rates()
    assert rates.column_names == ["account", "ER", "active_rate"]
    assert rates["account"].to_pylist() == [f"a{number:03}" for number in range(1, 930)]
    assert "Influencer rates" in (Path(__file__).resolve().parents[2] / "NOTICE").read_text(encoding="utf-8")
