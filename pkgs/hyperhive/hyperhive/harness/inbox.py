"""The mail of the running turn: leased piece by piece, acked or given back as a whole."""

import uuid

from hyperhive.errors import HyperhiveError
from hyperhive.harness.client import BrokerClient
from hyperhive.protocol.messages import LeaseResult


class TurnInbox:
    """Leases of one turn at a time.

    Every lease call has an id of its own (`t-1a2b.3`). When the answer to one is lost, that id is left
    out of the turn: its messages were never shown, so they must go back instead of being acked.
    """

    def __init__(self, client: BrokerClient) -> None:
        """Lease through `client`."""
        self._client = client
        self._leases: list[str] = []
        self._count = 0
        self.turn: str | None = None

    @property
    def leases(self) -> list[str]:
        """Ids to hold: the leases of the running turn."""
        return list(self._leases)

    def begin(self) -> str:
        """Start a turn and return its id."""
        self.turn = f"t-{uuid.uuid4().hex[:12]}"
        self._leases = []
        self._count = 0
        return self.turn

    async def take(self, most: int, wait_seconds: float = 0) -> LeaseResult:
        """Lease up to `most` messages into the running turn.

        Raises:
            UnavailableError: The broker did not answer; nothing was taken.
        """
        self._count += 1
        lease = f"{self.turn}.{self._count}"
        self._leases.append(lease)
        try:
            result = await self._client.lease(lease, most, wait_seconds)
        except BaseException:
            self._leases.remove(lease)
            raise
        if not result.messages:
            self._leases.remove(lease)
        return result

    async def finish(self, *, ok: bool) -> list[str]:
        """End the turn: ack its mail, or give it back. Returns the leases the broker did not take.

        A lease that cannot be settled is not held any longer, so the broker requeues it by itself.
        """
        leases, self._leases, self.turn = self._leases, [], None
        unsettled = []
        for lease in leases:
            try:
                await (self._client.ack(lease) if ok else self._client.requeue(lease))
            except HyperhiveError:
                unsettled.append(lease)
        return unsettled
