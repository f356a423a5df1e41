"""Screenshots of the operator's console, taken of the demo's real hive."""
