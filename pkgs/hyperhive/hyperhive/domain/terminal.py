"""Terminals: how far a shell's output may be read, whose window has the say, and what the log tells of it."""

from collections.abc import Collection

from hyperhive.protocol.terminal import (
    EXACT_SECONDS,
    SCROLLBACK_BYTES,
    WINDOW_BYTES,
    TerminalEnd,
)


def allowance(drawn: Collection[int], *, seen: int, end: int, alone_seconds: float) -> int:
    """The offset up to which a shell's output may be read.

    The farthest viewer has the say: the others are moved on when they fall too far behind.

    Args:
        drawn: How far each viewer has drawn.
        seen: How far any has ever.
        end: How far it was read.
        alone_seconds: How long there has been no viewer.
    """
    if drawn:
        return max(drawn) + WINDOW_BYTES
    if alone_seconds < EXACT_SECONDS:
        return seen + SCROLLBACK_BYTES
    return end + WINDOW_BYTES


def one_line(text: str) -> str:
    """An agent's text as it may stand in a log of ours."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def end_words(end: TerminalEnd) -> str:
    """How a shell ended, as the agent's log says it."""
    if end.signal is not None:
        code = f"signal {end.signal}"
    elif end.exit_code is not None:
        code = f"exit code {end.exit_code}"
    else:
        code = ""
    return ", ".join(part for part in (end.reason, code) if part)
