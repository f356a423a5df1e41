"""What must not be lost: one SQLite file, one writer thread, plain functions per noun."""
