"""Recipients: whom a name means, and whom a sender may reach."""

from collections.abc import Mapping
from dataclasses import dataclass

from hyperhive.config import AgentConfig
from hyperhive.errors import InvalidRequestError, RecipientDeniedError, UnknownRecipientError
from hyperhive.protocol.messages import EVERYONE, MANAGER, OPERATOR, SYSTEM

#: `refused_rule` of a message that the sender's allow-list does not permit.
RECIPIENT_DENIED = RecipientDeniedError.key


@dataclass(frozen=True)
class Roster:
    """Everybody in the hive, by name. Immutable, so that any thread may decide with it.

    In `allowed_recipients` an agent's name permits that agent, `operator` the operator and `manager`
    the agent with that role.
    """

    agents: Mapping[str, AgentConfig]

    def knows(self, name: str) -> bool:
        return name == OPERATOR or name in self.agents

    def without(self, name: str) -> "Roster":
        return Roster({key: agent for key, agent in self.agents.items() if key != name})

    @property
    def manager(self) -> str | None:
        return next((name for name, agent in self.agents.items() if agent.role == "manager"), None)

    def resolve(self, sender: str, to: str) -> list[str]:
        """The recipients that `to` (a name, `manager`, `operator` or `*`) means, sorted.

        `*` is every agent, not the operator, in the sender's reach; one name is not held against it. Raises
        `UnknownRecipientError`, or `InvalidRequestError` when `to` makes no sense for the sender.
        """
        if to == EVERYONE:
            everyone = [name for name in sorted(self.agents) if name != sender and self.allows(sender, name)]
            if not everyone:
                raise InvalidRequestError(f"to: {EVERYONE!r} reaches nobody: {self._reach_of(sender)}")
            return everyone
        name = self.manager if to == MANAGER else to
        if name == SYSTEM:
            raise InvalidRequestError("to: nobody can send to 'system'")
        if name == sender:
            raise InvalidRequestError(f"to: {to!r} is yourself")
        if name is None or not self.knows(name):
            raise UnknownRecipientError(f"to: nobody is called {to!r}: {self._reach_of(sender)}")
        return [name]

    def allows(self, sender: str, recipient: str) -> bool:
        """Whether the sender's configuration permits this recipient; both names are known ones."""
        agent = self.agents.get(sender)
        if agent is None or agent.role == "manager" or agent.allowed_recipients is None:
            return True
        allowed = set(agent.allowed_recipients)
        return recipient in allowed or (MANAGER in allowed and recipient == self.manager)

    def denial(self, sender: str, recipient: str) -> RecipientDeniedError | None:
        """The sender's refusal, None when it may send there."""
        if self.allows(sender, recipient):
            return None
        return RecipientDeniedError(f"to: you may not send to {recipient!r}: {self._reach_of(sender)}")

    def reach(self, sender: str) -> list[str]:
        """Whom the sender may reach: `operator` first, then agents by name."""
        names = [OPERATOR, *sorted(self.agents)]
        return [name for name in names if name != sender and self.allows(sender, name)]

    def _reach_of(self, sender: str) -> str:
        return f"you can reach {', '.join(self.reach(sender)) or 'nobody'}"
