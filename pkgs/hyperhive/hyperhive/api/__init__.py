"""HTTP: the agents' Unix sockets, the operator's pages and the admin socket, over one set of services."""

from dataclasses import dataclass

from hyperhive.services.agents import Agents
from hyperhive.services.bus import Bus
from hyperhive.services.diagnosis import Doctor, SelfTests
from hyperhive.services.events import Events
from hyperhive.services.hive import Hive
from hyperhive.services.lifecycle import Lifecycle
from hyperhive.services.messages import Messages
from hyperhive.services.models import Models
from hyperhive.services.notifications import Notifications
from hyperhive.services.questions import Questions
from hyperhive.services.sessions import Sessions
from hyperhive.services.stats import Stats
from hyperhive.services.terminal import Terminals


@dataclass(frozen=True)
class Services:
    """The nouns of the hive."""

    messages: Messages
    questions: Questions
    events: Events
    agents: Agents
    stats: Stats
    lifecycle: Lifecycle
    sessions: Sessions
    hive: Hive
    bus: Bus
    selftests: SelfTests
    models: Models
    doctor: Doctor
    terminals: Terminals
    notifications: Notifications
