"""What one agent may ask of the broker: a token bucket for each kind of load, and what a refusal says."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hyperhive.config.models import BrokerLimitsConfig
from hyperhive.errors import TooManyRequestsError
from hyperhive.protocol.agents import BudgetKind

#: Bytes that a row takes besides its text: its other columns, its indexes and its idempotency key.
ROW_BYTES: Final = 512
#: Bytes of a page of the database, and how many of them rows can have.
_PAGE: Final = 4096
_PAGE_ROOM: Final = 4000

#: What an event of a report counts, in frames.
EVENT_FRAMES: Final = 1 / 16
#: Seconds between two notes in an agent's log that events were limited.
_NOTE_EVERY: Final = 10.0
_HOUR: Final = 3600.0
_KIB: Final = 1024
_MIB: Final = 1024 * _KIB


@dataclass(frozen=True)
class _Kind:
    """How a field of the contract fills a bucket, and the words for it."""

    field: str
    #: What one of the field's number is, in how many seconds it comes back.
    unit: float
    seconds: float
    #: The bucket holds what comes back in so many seconds.
    depth: float
    words: str


_KINDS: Final = {
    BudgetKind.REQUESTS: _Kind("requests_per_second", 1, 1, 60, "calls a second"),
    BudgetKind.BYTES_IN: _Kind("received_kib_per_second", _KIB, 1, 64, "KiB a second that it sends"),
    BudgetKind.STORED: _Kind("stored_mib_per_hour", _MIB, _HOUR, _HOUR / 2, "MiB an hour that are stored"),
    BudgetKind.ROWS: _Kind("rows_per_hour", 1, _HOUR, _HOUR / 2, "messages and questions an hour"),
    BudgetKind.FRAMES: _Kind("frames_per_second", 1, 1, 20, "frames a second"),
    BudgetKind.EVENTS: _Kind("events_mib_per_hour", _MIB, _HOUR, 0.8 * _HOUR, "MiB of events an hour"),
}


def row_bytes(text: int) -> int:
    """What a row with a text of so many bytes takes in the file; long ones leave room in their pages."""
    if text <= _PAGE_ROOM:
        return ROW_BYTES + (_PAGE // (_PAGE_ROOM // text) if text else 0)
    return ROW_BYTES + math.ceil(text / _PAGE) * _PAGE


class TokenBucket:
    """Full at first; `rate` a second come back, up to `burst`. A clock that is set back costs nothing."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = now

    def level(self, now: float) -> float:
        """What is there; below zero what is owed."""
        self._tokens = min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = now
        return self._tokens

    def wait(self, amount: float, now: float, floor: float = 0.0) -> float:
        """Seconds until so much can be taken down to `floor`; infinite for what never can."""
        if amount > self.burst - floor:
            return math.inf
        return max(0.0, (amount + floor - self.level(now)) / self.rate)

    def take(self, amount: float, now: float, floor: float = 0.0) -> float:
        """As `wait`; where that is zero, it is taken."""
        wait = self.wait(amount, now, floor)
        if not wait:
            self._tokens -= amount
        return wait

    def spend(self, amount: float, now: float) -> float:
        """Take what has happened already; returns the seconds until nothing is owed."""
        self._tokens = self.level(now) - amount
        return max(0.0, -self._tokens / self.rate)


def bucket(limits: BrokerLimitsConfig, kind: BudgetKind, now: float, share: float = 1.0) -> TokenBucket:
    """The bucket of one kind, or of a share of it."""
    made = _KINDS[kind]
    rate = share * getattr(limits, made.field) * made.unit / made.seconds
    return TokenBucket(rate, rate * made.depth, now)


class Budget:
    """The buckets of one agent.

    Each kind belongs to one thread: what is stored, rows and events to the store's writer, the rest to the
    event loop.
    """

    def __init__(self, limits: BrokerLimitsConfig, now: float) -> None:
        self._limits = limits
        self.buckets: Final = {kind: bucket(limits, kind, now) for kind in BudgetKind}
        #: How often each kind was refused, slowed or cut short.
        self.met: Final = dict.fromkeys(BudgetKind, 0)
        #: Of the notes in the log that say so.
        self.notes: Final = TokenBucket(1 / _NOTE_EVERY, 1, now)

    def take(self, amounts: Mapping[BudgetKind, float], now: float) -> None:
        """Take all of it, or nothing and raise a `TooManyRequestsError`."""
        waits = {kind: self.buckets[kind].wait(amount, now) for kind, amount in amounts.items()}
        kind = max(waits, key=lambda one: waits[one])
        if waits[kind]:
            self.met[kind] += 1
            raise self._refusal(kind, amounts[kind], waits[kind])
        for one, amount in amounts.items():
            self.buckets[one].take(amount, now)

    def spend(self, amounts: Mapping[BudgetKind, float], now: float) -> float:
        """Take what has come already; returns the seconds to wait before more is let in."""
        waits = {kind: self.buckets[kind].spend(amount, now) for kind, amount in amounts.items()}
        for kind, wait in waits.items():
            self.met[kind] += wait > 0
        return max(waits.values())

    def limit_text(self, kind: BudgetKind) -> str:
        """Such as `20 calls a second (limits.broker.requests_per_second)`."""
        made = _KINDS[kind]
        return f"{getattr(self._limits, made.field)} {made.words} (limits.broker.{made.field})"

    def _refusal(self, kind: BudgetKind, amount: float, wait: float) -> TooManyRequestsError:
        limit = self.limit_text(kind)
        if math.isinf(wait):
            most = f"{amount:.0f}, and at most {self.buckets[kind].burst:.0f} fit"
            return TooManyRequestsError(f"too much at once for {limit}: {most}")
        return TooManyRequestsError(
            f"more than {limit}: try again in {math.ceil(wait)} s", retry_after=math.ceil(wait * 1000) / 1000
        )


def met_text(agent: str, limit: str) -> str:
    """What the operator is told, once in a while; `limit` as `Budget.limit_text`."""
    return f"{agent} met a limit: more than {limit}. It is refused or slowed down until it asks for less."
