"""Tables of a sample as plain pandas frames, and the bounds within which chance may move a count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dangol.datasets import Sample

SIGMAS = 4.0


def plain(table: pa.Table) -> pd.DataFrame:
    """A table with text as text and dates as times."""
    frame = table.to_pandas()
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_dictionary(kind):
            frame[name] = frame[name].astype(object)
        elif pa.types.is_date(kind):
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    return frame


def expected(hits: float, chances: Any) -> None:
    """Assert that so many of independent events with these chances may have happened: within 4 sigma."""
    chances = np.asarray(chances, float)
    sigma = np.sqrt((chances * (1 - chances)).sum())
    assert abs(hits - chances.sum()) <= SIGMAS * sigma + 1e-9, (hits, chances.sum(), sigma)


def alike(one: Any, other: Any) -> None:
    """Assert that two groups of 0 and 1 may have one rate: within 4 sigma."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    rate = np.concatenate([one, other]).mean()
    sigma = np.sqrt(rate * (1 - rate) * (1 / len(one) + 1 / len(other)))
    assert abs(one.mean() - other.mean()) <= SIGMAS * sigma, (one.mean(), other.mean(), sigma)


def check_order(sample: Sample) -> None:
    """Assert that rows stand in order of time but for the late ones, which are as many as the truth says."""
    times = sample.events["time"].to_numpy().astype("datetime64[s]").astype(np.int64)
    behind = times < np.maximum.accumulate(times)
    assert behind.sum() == sample.truth["late_rows"]
    assert 0.001 < behind.mean() < 0.01


def check_account(sample: Sample, clean: Sample) -> None:
    """Assert that a load report finds the dirty rows, each kind exactly as often as the truth says."""
    import dangol as dg

    log = dg.ingest(sample.events, **sample.arguments(), now="2024-06-01")
    told, report = sample.truth["dirty"], log.report
    assert report.rows_in == told["rows"] == sample.events.num_rows
    assert (report.accepted, report.rejected, report.duplicate) == (
        told["accepted"], told["rejected"], told["duplicates"],
    )  # fmt: skip
    assert report.reasons == {
        "no user": told["missing_users"],
        "the time cannot be read as year-month-day (ISO 8601)": told["unreadable_times"],
    }
    assert report.future == told["future_times"]
    assert log.n_events == clean.events.num_rows + told["future_times"]
    kept = plain(sample.events).drop_duplicates("event_id")
    kept = kept[kept["event_id"] <= clean.events.num_rows].drop(columns="event_id").reset_index(drop=True)
    before = plain(clean.events)
    before["time"] = before["time"].astype(str)
    pd.testing.assert_frame_equal(kept, before, check_dtype=False)  # the good rows are untouched, and in their order
