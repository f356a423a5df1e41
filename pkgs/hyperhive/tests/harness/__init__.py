"""Tests of the harness against the real broker, the real CLI and a scripted model."""
