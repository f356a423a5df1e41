"""Notifications: what waits for the operator, when a phone is to hear of it, and in which words."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.protocol.agents import AgentState, AgentStatus
from hyperhive.protocol.notifications import Delivery, DeliveryState, Kind, Push
from hyperhive.protocol.questions import Question
from hyperhive.text import is_unseen

#: Pushes in a minute; the last of them stands for everything else that is due.
PUSHES_PER_MINUTE: Final = 5
#: Longest text of a push, in characters. A server takes 4096 bytes.
TEXT_LIMIT: Final = 300
#: How much of a text is looked at for a push, in characters.
TEXT_READ: Final = TEXT_LIMIT * 8

#: Kinds that are states of an agent: they come again under the same name.
STANDING: Final[Mapping[AgentState, Kind]] = {
    AgentState.FAILED: "agent_failed",
    AgentState.NEEDS_LOGIN: "agent_needs_login",
}
#: Kinds that come again under the same name or number.
RECURRING: Final[frozenset[Kind]] = frozenset({*STANDING.values(), "parked"})
#: States on the way to another one: what was wrong before may be wrong after them.
UNDECIDED: Final = frozenset({AgentState.OFFLINE, AgentState.STARTING, AgentState.STOPPING})


@dataclass(frozen=True)
class _PushStyle:
    """How a push of one kind looks."""

    priority: int
    tag: str
    place: str
    #: How items of this kind are counted in a sum.
    one: str
    many: str


_STYLES: Final[Mapping[Kind, _PushStyle]] = {
    "question": _PushStyle(4, "question", "question", "question", "questions"),
    "message": _PushStyle(3, "envelope", "message", "message", "messages"),
    "parked": _PushStyle(4, "parking", "parked", "parked message", "parked messages"),
    "agent_failed": _PushStyle(4, "rotating_light", "agent", "failed agent", "failed agents"),
    "agent_needs_login": _PushStyle(4, "key", "agent", "agent that needs login", "agents that need login"),
}


@dataclass(frozen=True)
class Item:
    kind: Kind
    #: Its number or name, the same as in an address.
    key: str
    title: str
    text: str
    opened_at: float
    #: When it stops to wait by itself, None for never.
    deadline_at: float | None = None

    @property
    def identity(self) -> tuple[str, str]:
        return self.kind, self.key

    def due_at(self, delay: float) -> float:
        """When it is pushed if it still waits: after the delay, but while there is time to answer."""
        if self.deadline_at is not None:
            delay = min(delay, (self.deadline_at - self.opened_at) / 2)
        return self.opened_at + delay


def of_question(question: Question) -> Item:
    options = "".join(f"\n- {option}" for option in question.options)
    return Item(
        "question",
        str(question.id),
        f"{question.asker} asks",
        question.question + options,
        question.asked_at,
        question.deadline_at,
    )


def of_message(number: int, sender: str, text: str, sent_at: float) -> Item:
    return Item("message", str(number), f"Message from {sender}", text, sent_at)


def of_parked(number: int, sender: str, recipient: str, error: str, now: float) -> Item:
    text = f"Message {number} from {sender}: {error}"
    return Item("parked", str(number), f"Mail to {recipient} is parked", text, now)


def of_agent(name: str, status: AgentStatus, since: float) -> Item | None:
    """None for an agent that goes on without the operator."""
    state = noticed(status)
    match state:
        case AgentState.FAILED if status.silent:
            title, text = f"{name} gets no answer", "Its model is silent."
        case AgentState.FAILED:
            title, text = f"{name} failed", "No reason was given."
        case AgentState.NEEDS_LOGIN:
            title, text = f"{name} needs login", "Log in through the agent's terminal."
        case _:
            return None
    return Item(STANDING[state], name, title, status.detail or text, since)


def noticed(status: AgentStatus) -> AgentState:
    """The state that the operator hears of: who works for a model that is silent is as one that failed."""
    return AgentState.FAILED if status.silent else status.state


def matters(before: AgentState | None, now: AgentState) -> bool:
    """Whether an agent's change of state may begin or end a notification."""
    return before is not now and not {before, now}.isdisjoint({*STANDING, *UNDECIDED, None})


@dataclass(frozen=True)
class NotificationDiff:
    """What changed since the last look."""

    #: Items without a row.
    new: list[Item]
    #: Rows whose items do not wait any more.
    over: list[Delivery]
    #: Pending rows whose time has come, with their items; those that were tried least come first.
    due: list[tuple[Delivery, Item]]
    #: When the next one is due, None when nothing else is pending.
    next_at: float | None


def compare(
    rows: Sequence[Delivery],
    items: Iterable[Item],
    floors: Mapping[str, int],
    undecided: Collection[str],
    now: float,
) -> NotificationDiff:
    """Compare what was noted, and is still tracked, with what waits now.

    `floors` has the highest number that was ever noted, of the kinds that are numbered; of `undecided` agents
    nobody can say yet whether their trouble is over.
    """
    waiting = {item.identity: item for item in items}
    noted = {(row.kind, row.item): row for row in rows}
    over = [
        row
        for identity, row in noted.items()
        if identity not in waiting and not (row.kind in STANDING.values() and row.item in undecided)
    ]
    pending = [
        (row, waiting[identity])
        for identity, row in noted.items()
        if row.state is DeliveryState.PENDING and identity in waiting
    ]
    due = [pair for pair in pending if pair[0].due_at <= now]
    return NotificationDiff(
        new=[item for key, item in waiting.items() if key not in noted and not _was_noted(item, floors)],
        over=over,
        due=sorted(due, key=lambda pair: (pair[0].attempts, pair[0].due_at, pair[0].id)),
        next_at=min((row.due_at for row, _ in pending if row.due_at > now), default=None),
    )


def _was_noted(item: Item, floors: Mapping[str, int]) -> bool:
    return item.kind in floors and int(item.key) <= floors[item.kind]


def push_of(item: Item, base: str | None) -> Push:
    """The push about one item; `base` is the dashboard's address."""
    style = _STYLES[item.kind]
    return Push(
        title=item.title,
        message=shortened(item.text) or item.title,
        priority=style.priority,
        tags=[style.tag],
        click=link(base, f"#/{style.place}/{item.key}"),
    )


def push_of_many(items: Sequence[Item], base: str | None) -> Push:
    """One push about several items, after others that went out one by one."""
    counts = Counter(item.kind for item in items)
    counted = [
        f"{count} {style.one if count == 1 else style.many}"
        for kind, style in _STYLES.items()
        if (count := counts[kind])
    ]
    return Push(
        title=f"{len(items)} more things need you",
        message=", ".join(counted),
        priority=max(_STYLES[kind].priority for kind in counts),
        tags=["honeybee"],
        click=link(base, "#/"),
    )


def push_of_test(base: str | None) -> Push:
    return Push(
        title="Test from hyperhive",
        message="This is how you hear of what still waits for you.",
        priority=3,
        tags=["honeybee"],
        click=link(base, "#/"),
    )


def link(base: str | None, place: str) -> str | None:
    return None if base is None else f"{base.rstrip('/')}/{place}"


#: Forms that keys and tokens have, and assignments to names that speak of them. What an agent writes may hold
#: a secret in any other form as well; this keeps the plain ones from a server that is not the operator's.
_SECRETS: Final = re.compile(
    r"""
    \b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}
    | \b(?:gh[opsur]|github_pat|glpat|xox[abeprs]|tk)[_-][A-Za-z0-9_-]{16,}
    | \bAKIA[A-Z0-9]{16}\b
    | \beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----(?:.|\n)*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    | (?<=://)[^\s/@:]+:[^\s/@]+(?=@)
    | (?:(?<=\bbearer\ )|(?<=password[=:])|(?<=password[=:]\ )|(?<=passwd[=:])|(?<=secret[=:])
       |(?<=secret[=:]\ )|(?<=token[=:])|(?<=token[=:]\ )|(?<=api_key[=:])|(?<=api-key[=:]))[^\s"',;]{4,}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def shortened(text: str) -> str:
    """The beginning of a text that somebody else wrote: no invisible characters, no evident secrets."""
    # Secrets first, so that none is cut to a form that is not known; a long text is cut roughly before.
    shown = _SECRETS.sub("[secret]", text[:TEXT_READ])
    shown = "".join(char for char in shown if char == "\n" or not is_unseen(char)).strip()
    cut = len(shown) > TEXT_LIMIT or len(text) > TEXT_READ
    return f"{shown[:TEXT_LIMIT].rstrip()}…" if cut else shown
