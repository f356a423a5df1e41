"""Quotas: how much of one agent, and of the hive, may be stored."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Quotas:
    """In bytes; 0 for no limit."""

    hive: int
    agent: int

    def of(self, name: str) -> int:
        """An agent's, or with the empty name the hive's."""
        return self.agent if name else self.hive


def full_text(name: str, sender: str, limit: int) -> str:
    """Answers a send that was refused because mail of `name`, or of the hive, fills the quota unread."""
    whose = "the hive" if not name else "you" if name == sender else name
    field = "retention.agent_mib" if name else "retention.hive_mib"
    return (
        f"nothing was sent: mail from and to {whose} that is not finished and questions that are open fill"
        f" {field} ({limit // MIB} MiB); send less, and again once some of it was read or answered"
    )


def full_notice(name: str, limit: int) -> str:
    """What the operator is told of it."""
    whose = name or "the hive"
    field = "retention.agent_mib" if name else "retention.hive_mib"
    return (
        f"Mail is refused: unfinished mail and open questions of {whose} fill {field} ({limit // MIB} MiB)."
        " See who sends so much, start who should read it, drop what is parked, or raise the limit."
    )
