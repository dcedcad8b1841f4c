"""Real tables, as files."""

from __future__ import annotations

from pathlib import Path


def online_retail() -> Path:
    """Return the path of *Online Retail*: every invoice line of a British gift shop, 2010-12-01 to 2011-12-09.

    541,909 rows: InvoiceNo (beginning with C: a cancellation), StockCode, Description, Quantity, InvoiceDate (local
    time of London), UnitPrice (pounds), CustomerID (none in 135,080 rows), Country. Customer ids are text without the
    ``.0`` of the original export; nothing else is changed.

    References:
        Chen, D. (2015). Online Retail. UCI Machine Learning Repository. doi:10.24432/C5BW33. CC BY 4.0.

    Example:
        >>> online_retail().name
        'online_retail.parquet'
    """
    return Path(__file__).parent / "data" / "online_retail.parquet"
