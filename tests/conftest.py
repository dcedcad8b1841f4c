"""What all tests share: how long Hypothesis searches, and where the real data are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the first call of a kernel compiles it. `make test-all` searches longer (--hypothesis-profile=thorough).
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=500)
settings.load_profile("default")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that may not be shipped; a test that needs it says so where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data of {SHARED_DATA} are not here")
    return SHARED_DATA
