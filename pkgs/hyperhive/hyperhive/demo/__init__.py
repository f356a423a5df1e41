"""The offline demonstration: the real Claude Code CLI against a scripted local model."""
