"""Lifecycle of agents: which state is shown, what may be done, and how often a manager may do it."""

from typing import Final, Literal

from hyperhive.domain.timing import SlidingWindow
from hyperhive.errors import ConflictError, ForbiddenError, TooManyRequestsError
from hyperhive.protocol.agents import AgentState, AgentStatus
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.protocol.messages import OPERATOR

#: Seconds that a harness has to connect, or to come back, while what runs the agent is up.
CONNECT_SECONDS: Final = 60.0
#: Seconds between two looks: while something without a harness may be on its way, and when all has settled.
LOOK_SOON: Final = 2.0
LOOK_SLOWLY: Final = 30.0
#: How long after a change something counts as on its way.
RESTLESS_SECONDS: Final = 90.0
#: Starts, stops and restarts that a manager may ask for in a minute.
MANAGER_CALLS: Final = 10

_ACTIONS: Final = {
    UnitState.UNKNOWN: (Verb.START, Verb.STOP, Verb.RESTART),
    UnitState.STOPPED: (Verb.START,),
    # A start that hangs can be given up.
    UnitState.STARTING: (Verb.STOP,),
    UnitState.RUNNING: (Verb.STOP, Verb.RESTART),
    UnitState.STOPPING: (),
    UnitState.RETRYING: (Verb.STOP, Verb.RESTART),
    UnitState.FAILED: (Verb.START,),
}

_SHOWN: Final = {
    UnitState.UNKNOWN: AgentState.OFFLINE,
    UnitState.STOPPED: AgentState.STOPPED,
    UnitState.STARTING: AgentState.STARTING,
    UnitState.STOPPING: AgentState.STOPPING,
    UnitState.RETRYING: AgentState.FAILED,
    UnitState.FAILED: AgentState.FAILED,
}

_PAST: Final = {Verb.START: "started", Verb.STOP: "stopped", Verb.RESTART: "restarted"}
_WHILE: Final = {
    Verb.START: (UnitState.STARTING, "is being started"),
    Verb.STOP: (UnitState.STOPPING, "is being stopped"),
    Verb.RESTART: (UnitState.STARTING, "is being restarted"),
}


def actions(unit: UnitStatus) -> list[Verb]:
    return list(_ACTIONS[unit.state])


def check_action(verb: Verb, name: str, unit: UnitStatus) -> None:
    """Raise a `ConflictError` that says how the agent is, when the verb makes no sense now."""
    if verb not in _ACTIONS[unit.state]:
        reason = f" ({unit.reason})" if unit.reason else ""
        does = "has failed" if unit.state is UnitState.FAILED else f"is {unit.state}"
        possible = " or ".join(_PAST[other] for other in _ACTIONS[unit.state])
        advice = f"it can only be {possible}" if possible else "wait until that is done"
        raise ConflictError(f"cannot {verb} {name}: it {does}{reason}; {advice}")


def check_manager(verb: Verb, name: str, manager: str) -> None:
    """Raise a `ForbiddenError` when a manager would end the very turn that asks."""
    if name == manager:
        raise ForbiddenError(
            f"{manager} cannot {verb} itself: it would end the turn that asks; the operator can do it"
        )


def during(verb: Verb, unit: UnitStatus, by: str) -> UnitStatus:
    """How the unit is shown while `by` does `verb` to it."""
    state, words = _WHILE[verb]
    return unit.model_copy(update={"state": state, "reason": f"{words} by {said(by)}"})


def stopped_by(by: str) -> str:
    return f"stopped by {said(by)}"


def said(by: str) -> str:
    return "the operator" if by == OPERATOR else by


def record(verb: Verb, name: str, by: str, problem: str | None) -> tuple[Literal["info", "error"], str]:
    """Level and sentence for the agent's log and the operator."""
    if problem is None:
        return "info", f"{name} was {_PAST[verb]} by {said(by)}"
    return "error", f"{said(by)} could not {verb} {name}: {problem}"


def shown(reported: AgentStatus, unit: UnitStatus, *, linked: bool, lost: bool, waited: float) -> AgentStatus:
    """The status that the operator sees, from what the harness reported and what runs the agent.

    `lost`: the harness was connected since `unit` last came up. `waited`: seconds since the connection went
    or `unit` changed its state, whichever is later.
    """
    if linked:
        if unit.state is not UnitState.STOPPING:
            return reported
        stopping = {"state": AgentState.STOPPING, "detail": unit.reason, "tool": None}
        return reported.model_copy(update=stopping)
    state, detail = _without_harness(unit, lost=lost, waited=waited)
    unknown = {"turn": None, "until": None, "tool": None}
    return reported.model_copy(update={"state": state, "detail": detail, **unknown})


def next_look(waiting: list[float]) -> float | None:
    """Seconds until the units are looked at again; None when nothing needs it.

    `waiting` has the seconds since each agent without a harness changed last: a connected one proves that its
    unit runs.
    """
    if not waiting:
        return None
    return LOOK_SOON if min(waiting) < RESTLESS_SECONDS else LOOK_SLOWLY


def count_call(calls: SlidingWindow, now: float) -> None:
    """Count one call of a manager; a `TooManyRequestsError` when it is one too many for this minute."""
    if not calls.take(now):
        raise TooManyRequestsError(
            f"more than {MANAGER_CALLS} starts, stops and restarts in a minute: wait, or ask the operator"
        )


def _without_harness(unit: UnitStatus, *, lost: bool, waited: float) -> tuple[AgentState, str]:
    if unit.state is not UnitState.RUNNING:
        return _SHOWN[unit.state], unit.reason
    if waited >= CONNECT_SECONDS:
        return AgentState.FAILED, f"{unit.unit} runs, but its harness does not connect"
    if lost:
        return AgentState.OFFLINE, "its harness lost the connection"
    return AgentState.STARTING, f"{unit.unit} runs, its harness has not connected yet"
