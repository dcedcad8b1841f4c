"""Accounts and their posts, from exports or from the official Instagram API, as one table."""

from .graph import Graph, GraphError
from .instagram import collect_instagram
from .profiles import merge_profiles

__all__ = ["Graph", "GraphError", "collect_instagram", "merge_profiles"]
