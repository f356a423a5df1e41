"""Measurements of a hive on this machine, offline: `python -m bench`."""
