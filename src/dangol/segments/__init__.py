"""Segments: units with features, put into groups that behave alike, described, ranked and named."""
