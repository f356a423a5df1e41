"""Models: which of an agent's list the operator may choose, and what is said of it."""

from typing import Final

from hyperhive.config import AgentConfig
from hyperhive.errors import InvalidRequestError

#: The word that goes back to the configuration, unless a model of the list is called so.
DEFAULT: Final = "default"
_SHOWN: Final = 200


def choice(agent: AgentConfig, asked: str) -> str | None:
    """What to keep for that wish, None for the configured model; an `InvalidRequestError` with the list."""
    if asked in agent.models:
        return asked
    if asked == DEFAULT:
        return None
    known = ", ".join(agent.models)
    raise InvalidRequestError(
        f"model: {agent.name} has no model {asked[:_SHOWN]!r}, only {known}; `{DEFAULT}` is {agent.model}"
    )


def used(agent: AgentConfig, chosen: str | None) -> str:
    return agent.model if chosen is None else chosen


def chosen_text(agent: AgentConfig, chosen: str | None) -> str:
    """What the agent's log says."""
    if chosen is None:
        return f"the operator went back to the configured model: {agent.model} from the next turn on"
    return f"the operator chose the model: {chosen} from the next turn on"


def unlisted_text(agent: AgentConfig, chosen: str) -> str:
    """What the operator is told when the configuration no longer lists the choice."""
    return (
        f"{agent.name} uses {agent.model} again: you had chosen {chosen[:_SHOWN]}, which its configuration "
        "does not list any more."
    )
