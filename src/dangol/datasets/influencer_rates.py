"""Two rates of 929 accounts: the numbers on which a published clustering can be made again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def influencer_rates() -> pa.Table:
    """Return two rates of each of 929 Korean beauty accounts, as they were published.

    A reference for tests, and something to try clustering on: a public project put these accounts into six segments,
    by complete linkage with the tree cut at a height of 20.

    Returns:
        A row per account, in the order of the project's file: ``account`` (``a001`` to ``a929``, invented); ``ER``
        (engagement rate: likes and comments of a mean image post per 100 followers); ``active_rate`` (comments of a
        mean image post per 100 likes, with one like added).

    Conventions:
        Nothing else about the accounts is here, neither names nor followers. The rates are the project's, to the digits
        it kept. Three accounts have both rates 0: their image posts had no like and no comment, or there were none.

    References:
        The project states no licence: these numbers are here as a test reference, see NOTICE.

    Example:
        >>> rates = influencer_rates()
        >>> rates.num_rows, rates.column_names
        (929, ['account', 'ER', 'active_rate'])
    """
    return pq.read_table(Path(__file__).parent / "data" / "influencer_rates.parquet")
