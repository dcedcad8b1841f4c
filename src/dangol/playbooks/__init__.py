"""Playbooks: a whole analysis as one short TOML file, and its runner."""
