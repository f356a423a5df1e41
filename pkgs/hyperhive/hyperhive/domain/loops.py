"""The loop breaker: when a pair has sent each other too much, too often or the same."""

from dataclasses import dataclass
from typing import Final

from hyperhive.config import LoopBreakerConfig
from hyperhive.protocol.messages import OPERATOR

RATE_WINDOW: Final = 60.0
DUPLICATE_WINDOW: Final = 600.0
PING_PONG_WINDOW: Final = 300.0
#: Both sides hear of a broken loop at most once in this time.
NOTICE_WINDOW: Final = 600.0


@dataclass(frozen=True)
class PairCounts:
    """Messages between two that were accepted, without the one at hand."""

    #: From the sender to the recipient in the last `RATE_WINDOW`.
    recent: int
    #: Of those in the last `DUPLICATE_WINDOW`, the ones with exactly this text.
    same: int
    #: From the sender to the recipient in the last `PING_PONG_WINDOW`, since anybody else (but not the
    #: system) sent either of them anything.
    forth: int
    #: The same in the other direction.
    back: int

    @property
    def exchanged(self) -> int:
        """Messages going back and forth: many in one direction alone are not a conversation."""
        return 2 * min(self.forth, self.back) + (self.forth != self.back)


@dataclass(frozen=True)
class LoopRefusal:
    #: The rule's key.
    rule: str
    reason: str


def judge(config: LoopBreakerConfig, sender: str, recipient: str, counts: PairCounts) -> LoopRefusal | None:
    """None lets the message pass. The operator is never limited; ping-pong with it does not count."""
    if sender == OPERATOR:
        return None
    pair = f"from {sender} to {recipient}"
    if 0 < config.messages_per_minute <= counts.recent:
        limit = f"the limit is {config.messages_per_minute} a minute"
        return LoopRefusal("loop_rate", f"{counts.recent} messages {pair} in the last minute, {limit}")
    if 0 < config.duplicates <= counts.same:
        limit = f"the limit is {config.duplicates}"
        return LoopRefusal(
            "loop_duplicate", f"{counts.same} messages of exactly this text {pair} in ten minutes, {limit}"
        )
    if recipient != OPERATOR and 0 < config.ping_pong <= counts.exchanged:
        limit = f"the limit is {config.ping_pong}"
        return LoopRefusal(
            "loop_ping_pong",
            f"{counts.exchanged} messages between {sender} and {recipient} in five minutes "
            f"with nobody else taking part, {limit}",
        )
    return None


def refusal_text(refusal: LoopRefusal) -> str:
    """Answers the refused call."""
    return (
        f"the loop breaker refused the message: {refusal.reason}. Nothing was sent; "
        "do not repeat it now, go on with something else or ask the operator"
    )


def notice_text(sender: str, recipient: str, refusal: LoopRefusal) -> str:
    """Told to both sides and the operator, once."""
    return (
        f"The loop breaker stopped messages between {sender} and {recipient}: {refusal.reason}. "
        "Refused messages were not delivered; no answer is needed."
    )
