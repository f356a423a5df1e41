import pytest

from hyperhive.domain.lifecycle import (
    CONNECT_SECONDS,
    LOOK_SLOWLY,
    LOOK_SOON,
    MANAGER_CALLS,
    RESTLESS_SECONDS,
    actions,
    check_action,
    check_manager,
    count_call,
    during,
    next_look,
    record,
    shown,
    stopped_by,
)
from hyperhive.domain.timing import SlidingWindow
from hyperhive.errors import ConflictError, ForbiddenError, TooManyRequestsError
from hyperhive.protocol.agents import AgentState, AgentStatus
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb

WORKING = AgentStatus(
    state=AgentState.WORKING,
    detail="Bash",
    model="m",
    turn="t1",
    until=9.0,
    session="s1",
    context_used=1,
    context_max=2,
)


def unit(state: UnitState, reason: str = "") -> UnitStatus:
    return UnitStatus(unit="container@h-alice.service", state=state, reason=reason)


def test_every_state_has_its_actions() -> None:
    assert {state: [verb.value for verb in actions(unit(state))] for state in UnitState} == {
        UnitState.UNKNOWN: ["start", "stop", "restart"],
        UnitState.STOPPED: ["start"],
        UnitState.STARTING: ["stop"],
        UnitState.RUNNING: ["stop", "restart"],
        UnitState.STOPPING: [],
        UnitState.RETRYING: ["stop", "restart"],
        UnitState.FAILED: ["start"],
    }


@pytest.mark.parametrize(
    ("verb", "state", "reason", "sentence"),
    [
        (Verb.START, UnitState.RUNNING, "", "it is running; it can only be stopped or restarted"),
        (Verb.STOP, UnitState.STOPPED, "", "it is stopped; it can only be started"),
        (
            Verb.RESTART,
            UnitState.STOPPED,
            "stopped by boss",
            "it is stopped (stopped by boss); it can only be started",
        ),
        (Verb.STOP, UnitState.FAILED, "timeout", "it has failed (timeout); it can only be started"),
        (
            Verb.START,
            UnitState.STOPPING,
            "is being stopped by boss",
            "it is stopping (is being stopped by boss); wait until that is done",
        ),
    ],
)
def test_what_makes_no_sense_now_is_refused_with_how_it_is(
    verb: Verb, state: UnitState, reason: str, sentence: str
) -> None:
    with pytest.raises(ConflictError) as caught:
        check_action(verb, "alice", unit(state, reason))
    assert caught.value.message == f"cannot {verb} alice: {sentence}"


def test_a_start_that_hangs_can_be_given_up() -> None:
    check_action(Verb.STOP, "alice", unit(UnitState.STARTING))


def test_a_manager_cannot_end_the_turn_that_asks() -> None:
    check_manager(Verb.STOP, "alice", "boss")
    for verb in Verb:
        with pytest.raises(ForbiddenError, match=f"boss cannot {verb} itself: .* the operator can"):
            check_manager(verb, "boss", "boss")


def test_a_manager_has_ten_calls_a_minute() -> None:
    calls = SlidingWindow(MANAGER_CALLS)
    for second in range(MANAGER_CALLS):
        count_call(calls, 1000.0 + second)
    with pytest.raises(TooManyRequestsError):
        count_call(calls, 1059.9)
    count_call(calls, 1060.0)
    with pytest.raises(TooManyRequestsError):
        count_call(calls, 1060.5)
    # A clock that was set back does not lock the manager out.
    count_call(calls, 10.0)


def test_while_something_is_done_the_unit_says_what_and_by_whom() -> None:
    running = unit(UnitState.RUNNING)
    assert during(Verb.STOP, running, "boss") == unit(UnitState.STOPPING, "is being stopped by boss")
    restarted = during(Verb.RESTART, running, "operator")
    assert restarted == unit(UnitState.STARTING, "is being restarted by the operator")
    assert stopped_by("operator") == "stopped by the operator"


def test_a_record_says_who_did_what_and_why_not() -> None:
    assert record(Verb.STOP, "alice", "boss", None) == ("info", "alice was stopped by boss")
    assert record(Verb.START, "alice", "operator", "Access denied") == (
        "error",
        "the operator could not start alice: Access denied",
    )


def test_a_connected_harness_speaks_for_itself_unless_it_is_being_stopped() -> None:
    def linked(one: UnitStatus) -> AgentStatus:
        return shown(WORKING, one, linked=True, lost=False, waited=1e9)

    for state in set(UnitState) - {UnitState.STOPPING}:
        assert linked(unit(state, "stale")) == WORKING
    ending = unit(UnitState.STOPPING, "is being stopped by boss")
    assert linked(ending) == WORKING.model_copy(
        update={"state": AgentState.STOPPING, "detail": "is being stopped by boss"}
    )


@pytest.mark.parametrize(
    ("state", "lost", "waited", "expected"),
    [
        (UnitState.UNKNOWN, True, 1e9, (AgentState.OFFLINE, "why")),
        (UnitState.STOPPED, True, 1e9, (AgentState.STOPPED, "why")),
        (UnitState.STARTING, False, 1e9, (AgentState.STARTING, "why")),
        (UnitState.STOPPING, False, 0, (AgentState.STOPPING, "why")),
        (UnitState.RETRYING, False, 0, (AgentState.FAILED, "why")),
        (UnitState.FAILED, False, 0, (AgentState.FAILED, "why")),
        (
            UnitState.RUNNING,
            False,
            CONNECT_SECONDS - 1,
            (AgentState.STARTING, "container@h-alice.service runs, its harness has not connected yet"),
        ),
        (
            UnitState.RUNNING,
            True,
            CONNECT_SECONDS - 1,
            (AgentState.OFFLINE, "its harness lost the connection"),
        ),
        (
            UnitState.RUNNING,
            True,
            CONNECT_SECONDS,
            (AgentState.FAILED, "container@h-alice.service runs, but its harness does not connect"),
        ),
    ],
)
def test_without_a_harness_the_unit_says_how_the_agent_is(
    state: UnitState, waited: float, expected: tuple[AgentState, str], *, lost: bool
) -> None:
    found = shown(WORKING, unit(state, "why"), linked=False, lost=lost, waited=waited)
    assert found == WORKING.model_copy(
        update={"state": expected[0], "detail": expected[1], "turn": None, "until": None}
    )


def test_a_hive_in_which_every_harness_is_connected_is_not_looked_at() -> None:
    assert next_look([]) is None
    assert next_look([RESTLESS_SECONDS, 1e9]) == LOOK_SLOWLY
    assert next_look([1e9, RESTLESS_SECONDS - 1]) == LOOK_SOON
