"""Data to try things on: real tables that may be shared, and generated services whose truth is known."""

from .creator_platform import creator_platform
from .fashion_shop import fashion_shop
from .influencer_rates import influencer_rates
from .real import online_retail
from .sample import Sample
from .school_sns import school_sns

__all__ = ["Sample", "creator_platform", "fashion_shop", "influencer_rates", "online_retail", "school_sns"]
