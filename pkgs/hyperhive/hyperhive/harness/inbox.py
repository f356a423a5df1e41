"""The mail of the running turn: leased piece by piece, acked or given back as a whole."""

import uuid

from hyperhive.errors import HyperhiveError
from hyperhive.harness.client import BrokerClient
from hyperhive.protocol.messages import LeaseResult


class TurnInbox:
    """Leases of one turn at a time; only mail that the turn has seen is acked."""

    def __init__(self, client: BrokerClient) -> None:
        self._client = client
        self._seen: list[int] = []
        self._leased = False
        self.turn: str | None = None

    @property
    def leases(self) -> list[str]:
        """Turns whose leases are to be held: the running one, if it leased anything."""
        return [self.turn] if self.turn is not None and self._leased else []

    @property
    def seen(self) -> int:
        """How many messages the running turn has."""
        return len(self._seen)

    def begin(self) -> str:
        """Start a turn and return its id."""
        self.turn = f"t-{uuid.uuid4().hex[:12]}"
        self._seen = []
        self._leased = False
        return self.turn

    async def take(self, most: int, wait_seconds: float = 0) -> LeaseResult:
        """Lease up to `most` messages into the running turn; after an error the turn has seen nothing new."""
        turn = self.turn or self.begin()
        self._leased = True
        result = await self._client.lease(turn, most, wait_seconds)
        self._seen += [message.id for message in result.messages]
        return result

    async def finish(self, *, ok: bool, failed: str | None = None) -> bool:
        """End the turn: ack its mail, or give it back. Returns whether the broker took that.

        `failed` is what a turn that was not ok failed with, when its mail may be the reason.
        What is not settled is not held any longer, so the broker requeues it by itself.
        """
        turn, self.turn = self.turn, None
        if turn is None or not self._leased:
            return True
        try:
            await (self._client.ack(turn, self._seen) if ok else self._client.requeue(turn, failed))
        except HyperhiveError:
            return False
        return True
