"""Models: the operator's choice for each agent, kept over restarts of everything."""

from hyperhive.config import AgentConfig
from hyperhive.domain import models as rules
from hyperhive.protocol.agents import AgentView
from hyperhive.protocol.events import Note
from hyperhive.protocol.link import UseModel
from hyperhive.protocol.messages import OPERATOR, MessageKind
from hyperhive.services.agents import Agents
from hyperhive.services.events import Events
from hyperhive.services.links import Links
from hyperhive.store import messages
from hyperhive.store import models as store
from hyperhive.store.database import Database
from hyperhive.store.transaction import Transaction


class Models:
    """Which model each agent uses from its next turn on; told to its harness, now or in its welcome."""

    def __init__(self, db: Database, agents: Agents, events: Events, links: Links) -> None:
        self._db = db
        self._agents = agents
        self._events = events
        self._links = links

    async def kept(self, agent: AgentConfig) -> str | None:
        """The choice for an agent; one that its configuration no longer lists is dropped, and said so."""
        kept = (await self._db.read(store.load)).get(agent.name)
        if kept is None or kept in agent.models:
            return kept
        await self._db.commit(_drop, agent, kept)
        return None

    async def choose(self, name: str, asked: str) -> AgentView:
        """From the agent's next turn on; `default` goes back to the configuration.

        Raises:
            NotFoundError: There is no such agent.
            InvalidRequestError: It is none of the agent's models; the sentence has the list.
        """
        agent = self._agents.config(name)
        chosen = rules.choice(agent, asked)
        if chosen == self._agents.view(name).model.chosen:
            return self._agents.view(name)
        await self._db.commit(store.choose, name, chosen)
        self._agents.model_chosen(name, chosen)
        self._links.push(name, UseModel(model=rules.used(agent, chosen)))
        await self._events.note(name, Note(text=rules.chosen_text(agent, chosen)))
        return self._agents.view(name)


def _drop(tx: Transaction, agent: AgentConfig, chosen: str) -> None:
    store.choose(tx, agent.name, None)
    messages.post(tx, OPERATOR, MessageKind.NOTICE, rules.unlisted_text(agent, chosen))
