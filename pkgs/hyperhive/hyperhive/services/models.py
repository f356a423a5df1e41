"""Models: the operator's choice for each agent, kept over restarts of everything."""

from collections.abc import Callable

from hyperhive.config import AgentConfig
from hyperhive.domain import models as rules
from hyperhive.protocol.agents import AgentView
from hyperhive.protocol.events import EventKind, NewEvent
from hyperhive.protocol.messages import OPERATOR, MessageKind
from hyperhive.services.agents import Agents
from hyperhive.services.changes import Changes
from hyperhive.services.events import Events
from hyperhive.services.outbox import Outbox
from hyperhive.store import agents as store


class Models:
    """Which model each agent uses from its next turn on.

    Args:
        outbox: Commits the choice.
        agents: Shown to the operator; told of every choice.
        events: Every choice is in the log of its agent.
        tell: Gets an agent's name and the model of its next turn, for its harness.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        outbox: Outbox,
        agents: Agents,
        events: Events,
        tell: Callable[[str, str], object],
        clock: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._agents = agents
        self._events = events
        self._tell = tell
        self._clock = clock

    async def start(self) -> None:
        """Take over the choices; one that the configuration lists no more is dropped, and said so."""
        kept = await self._outbox.read(store.models)
        for name in sorted(set(self._agents.names()) & set(kept)):
            agent = self._agents.config(name)
            if kept[name] in agent.models:
                self._agents.model_chosen(name, kept[name])
            else:
                await self._outbox.commit(self._clock(), _drop, agent, kept[name])

    async def choose(self, name: str, asked: str) -> AgentView:
        """Use that model from the agent's next turn on; `default` goes back to the configuration.

        Raises:
            NotFoundError: There is no such agent.
            InvalidRequestError: It is none of the agent's models; the sentence has the list.
        """
        agent = self._agents.config(name)
        chosen = rules.choice(agent, asked)
        if chosen == self._agents.view(name).model.chosen:
            return self._agents.view(name)
        await self._outbox.commit(self._clock(), _keep, name, chosen)
        self._agents.model_chosen(name, chosen)
        self._tell(name, rules.used(agent, chosen))
        data = {"level": "info", "text": rules.chosen_text(agent, chosen)}
        await self._events.record(name, NewEvent(ts=self._clock(), kind=EventKind.NOTE, turn=None, data=data))
        return self._agents.view(name)


def _keep(changes: Changes, name: str, chosen: str | None) -> None:
    store.choose_model(changes.connection, name, chosen)


def _drop(changes: Changes, agent: AgentConfig, chosen: str) -> None:
    store.choose_model(changes.connection, agent.name, None)
    changes.post(OPERATOR, MessageKind.NOTICE, rules.unlisted_text(agent, chosen))
