"""Hyperhive: a hive of Claude Code agents under one operator."""

__version__ = "0.1.0"
