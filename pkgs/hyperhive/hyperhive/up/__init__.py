"""A whole hive as child processes of one program, for development and demonstration."""
