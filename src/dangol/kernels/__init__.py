"""Compiled single-pass loops: arrays in, arrays out, no objects. They import nothing of ours but each other."""
