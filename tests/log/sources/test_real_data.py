"""Real files, where the optional folder of real data lies beside the project; numbers from its README unless said."""

from __future__ import annotations

import csv
import gzip

import pytest

from .files import data, one, read, rows


@pytest.mark.parametrize(
    ("name", "delimiter", "header", "width", "count"),
    [
        ("online_retail/online_retail.csv.gz", "comma (,)", True, 8, 541_909),
        ("process_logs/bpic2012.csv.gz", "comma (,)", True, 6, 262_200),
        ("process_logs/bpic2013_incidents.csv.gz", "comma (,)", True, 11, 65_533),
        ("process_logs/helpdesk.csv.gz", "comma (,)", True, 7, 21_348),
        ("cdnow/CDNOW_master.txt", "runs of blanks", True, 4, 69_659),
        ("cdnow/CDNOW_sample.txt", "runs of blanks", False, 5, 6_919),
        ("highschool_contacts/contacts.csv.gz", "runs of blanks", False, 5, 188_508),
        ("relax_logins/logins.csv.gz", "comma (,)", True, 3, 207_917),
        ("small/reconstructr_sessions.csv.gz", "comma (,)", True, 2, 63_524),
        ("hillstrom/hillstrom.csv", "comma (,)", True, 12, 64_000),
        ("telco_churn/telco_churn.csv", "comma (,)", True, 21, 7_043),
        ("telecom_dong/dong_indicators.csv", "comma (,)", True, 34, 10_176),
    ],
)
def test_real_tables(name: str, delimiter: str, header: bool, width: int, count: int) -> None:
    source = one(data(name))
    assert source.details["delimiter"] == delimiter
    assert source.details["encoding"] == "UTF-8"
    assert source.details["header"].startswith("first row" if header else "none")
    assert len(source.schema) == width
    assert sum(batch.num_rows for batch in source.batches()) == count
    assert source.problems == []
    assert source.counted() == count


def test_shop_equals_the_csv_module() -> None:
    path = data("online_retail/online_retail.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        expected = [tuple(row) for row in csv.reader(file)]
    source = one(path)
    assert source.schema.names == list(expected[0])
    assert rows(source) == expected[1:]


def test_shop_has_the_known_gaps() -> None:
    """135,080 rows without customer, 4,372 customers, 9,288 cancellation rows."""
    source = one(data("online_retail/online_retail.csv.gz"))
    names = source.schema.names
    found = rows(source)
    customers = [row[names.index("CustomerID")] for row in found]
    assert customers.count("") == 135_080
    assert len(set(customers) - {""}) == 4_372
    assert sum(str(row[names.index("InvoiceNo")]).startswith("C") for row in found) == 9_288


def test_disc_shop_columns() -> None:
    """The first lines as they stand in the file."""
    source = one(data("cdnow/CDNOW_master.txt"))
    assert source.schema.names == ["customer_id", "date", "number_of_cds", "dollar_value"]
    assert rows(source)[:2] == [("00001", "19970101", "1", "11.77"), ("00002", "19970112", "1", "12.00")]
    assert read(data("cdnow/CDNOW_sample.txt"))[0] == ("00004", "0001", "19970101", "2", "29.33")


def test_row_names_of_r() -> None:
    source = one(data("small/ruspini.txt"))
    assert source.schema.names == ["column_1", "x", "y"]
    assert len(rows(source)) == source.counted() == 75
