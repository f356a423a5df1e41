"""The harness: one agent's warm Claude Code session, its tools and its link to the broker."""
