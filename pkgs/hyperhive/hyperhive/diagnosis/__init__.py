"""Diagnosis: lists of probes, each of which says what it observes, how that is judged and what it means."""
