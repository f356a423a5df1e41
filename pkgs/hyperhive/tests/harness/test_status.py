"""The status board and the day's use."""

from hyperhive.config import BudgetConfig
from hyperhive.domain.turns import Turn
from hyperhive.harness.status import DailyUse, StatusBoard
from hyperhive.protocol.agents import AgentState, AgentStatus
from hyperhive.protocol.events import EventData, NewEvent, Note, Text, ToolResult, ToolUse, TurnResult
from tests.conftest import Clock


def event(data: EventData) -> NewEvent:
    return NewEvent(ts=1.0, turn="t", data=data)


def test_a_working_agent_shows_its_running_tool() -> None:
    published: list[AgentStatus] = []
    board = StatusBoard("m", published.append)
    board.watch(event(ToolUse(id="1", name="Bash")))
    board.show(AgentState.WORKING, turn="t")
    board.watch(event(ToolUse(id="1", name="Bash")))
    board.watch(event(ToolResult(id="1")))
    board.watch(event(ToolResult(id="1")))
    board.show(AgentState.IDLE)
    assert [(status.state.value, status.detail, status.turn) for status in published] == [
        ("working", "", "t"),
        ("working", "Bash", "t"),
        ("working", "", "t"),
        ("idle", "", None),
    ]


def test_of_calls_side_by_side_the_longest_is_shown_until_it_ends() -> None:
    published: list[AgentStatus] = []
    board = StatusBoard("m", published.append)
    board.show(AgentState.WORKING, turn="t")
    for number, name in enumerate(("Bash", "Read", "Bash")):
        begun = event(ToolUse(id=str(number), name=name))
        board.watch(begun.model_copy(update={"ts": 10.0 + number}))
    for number in (1, 0):
        board.watch(event(ToolResult(id=str(number))))
    board.show(AgentState.IDLE)
    shown = [(one.tool.name, one.tool.since, one.tool.others) if one.tool else None for one in published]
    assert shown == [
        None,
        ("Bash", 10.0, 0),
        ("Bash", 10.0, 1),
        ("Bash", 10.0, 2),
        ("Bash", 10.0, 1),
        ("Bash", 12.0, 0),
        None,
    ]


def test_that_the_api_is_asked_again_is_shown_until_it_answers() -> None:
    published: list[AgentStatus] = []
    board = StatusBoard("m", published.append)
    board.show(AgentState.WORKING, turn="t")
    for one in (
        event(Note(level="warning", text="the API answered 529", retry=True)),
        event(Note(level="warning", text="and again", retry=True)),
        event(Text(text="here I am")),
        event(Text(text="and on I go")),
        event(Note(level="info", text="the session was compacted")),
    ):
        board.watch(one)
    assert [one.detail for one in published] == ["", "the API answered 529", "and again", ""]


def test_a_model_that_says_nothing_is_shown_until_it_speaks() -> None:
    published: list[AgentStatus] = []
    board = StatusBoard("m", published.append)
    board.show(AgentState.WORKING, turn="t")
    for one in (
        event(Note(level="warning", text="no answer for 10 min", silent=True)),
        event(Text(text="here I am")),
        event(Note(level="warning", text="no answer for 10 min", silent=True)),
    ):
        board.watch(one)
    board.show(AgentState.FAILED, "the model did not answer for 20 min")
    assert [(one.detail, one.silent) for one in published] == [
        ("", False),
        ("no answer for 10 min", True),
        ("", False),
        ("no answer for 10 min", True),
        ("the model did not answer for 20 min", False),
    ]


def test_context_and_session_are_kept_until_a_turn_says_otherwise() -> None:
    board = StatusBoard("m", lambda _status: None)
    board.learn(Turn(result=TurnResult.OK, context_used=10, context_max=100), "s")
    board.learn(Turn(result=TurnResult.FAILED), "s")
    assert (board.status.context_used, board.status.context_max, board.status.session) == (10, 100, "s")


def test_use_counts_on_from_the_brokers_count_and_starts_anew_at_midnight(clock: Clock) -> None:
    use = DailyUse(BudgetConfig(usd_cents_per_day=None, turns_per_day=3), clock)
    use.set(2, 0.1)
    assert use.exceeded() is None
    use.add(Turn(result=TurnResult.OK))
    assert use.exceeded() == "3 turns today, the cap is 3"
    clock.advance(use.ends - clock())
    assert use.exceeded() is None
