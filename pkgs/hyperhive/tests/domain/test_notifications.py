"""What waits for the operator, when a phone hears of it, and in which words."""

from dataclasses import replace

import pytest

from hyperhive.domain.notifications import (
    TEXT_LIMIT,
    Item,
    NotificationDiff,
    compare,
    matters,
    noticed,
    of_agent,
    of_message,
    of_question,
    push_of,
    push_of_many,
    push_of_test,
    shortened,
)
from hyperhive.protocol.agents import AgentState, AgentStatus
from hyperhive.protocol.notifications import Delivery, DeliveryState, Push
from hyperhive.protocol.questions import Question, QuestionState

NOW = 1000.0


def item(kind: str = "message", key: str = "7", at: float = NOW) -> Item:
    return Item(kind, key, f"{kind} {key}", "text", at)  # type: ignore[arg-type] # a kind of any name


def row(of: Item, number: int = 1, **changes: object) -> Delivery:
    return Delivery(
        id=number,
        kind=of.kind,
        item=of.key,
        title=of.title,
        opened_at=of.opened_at,
        due_at=of.opened_at + 60,
        state=DeliveryState.PENDING,
        attempts=0,
        tried_at=None,
        error="",
        settled_at=None,
        summed=False,
    ).model_copy(update=changes)


def agent(state: AgentState, detail: str = "") -> Item | None:
    return of_agent("alice", AgentStatus.bare(state, "m").model_copy(update={"detail": detail}), NOW)


def test_an_agent_whose_model_is_silent_is_an_item_while_it_works() -> None:
    quiet = AgentStatus.bare(AgentState.WORKING, "m").model_copy(
        update={"silent": True, "detail": "no answer for 10 min"}
    )
    assert of_agent("alice", quiet, NOW) == Item(
        "agent_failed", "alice", "alice gets no answer", "no answer for 10 min", NOW
    )
    assert matters(AgentState.WORKING, noticed(quiet))


def test_questions_messages_and_agents_in_trouble_are_items_with_titles_of_our_own() -> None:
    question = Question(
        id=3, asker="alice", target="operator", question="Which?", options=["a", "b"], multi=False,
        asked_at=NOW, deadline_at=NOW + 90, state=QuestionState.OPEN, answer=None, closed_by=None,
        closed_at=None,
    )  # fmt: skip
    assert [
        of_question(question),
        of_message(7, "bob", "done", NOW),
        agent(AgentState.FAILED, "no disk"),
        agent(AgentState.NEEDS_LOGIN),
    ] == [
        Item("question", "3", "alice asks", "Which?\n- a\n- b", NOW, NOW + 90),
        Item("message", "7", "Message from bob", "done", NOW),
        Item("agent_failed", "alice", "alice failed", "no disk", NOW),
        Item("agent_needs_login", "alice", "alice needs login", "Log in through the agent's terminal.", NOW),
    ]


def test_an_agent_that_goes_on_by_itself_is_no_item() -> None:
    quiet = set(AgentState) - {AgentState.FAILED, AgentState.NEEDS_LOGIN}
    assert [state for state in quiet if agent(state) is not None] == []


def test_only_changes_into_and_out_of_trouble_matter() -> None:
    working, idle, failed = AgentState.WORKING, AgentState.IDLE, AgentState.FAILED
    assert [matters(*pair) for pair in ((idle, working), (failed, failed))] == [False, False]
    assert [
        matters(*pair) for pair in ((idle, failed), (failed, idle), (AgentState.STARTING, idle), (None, idle))
    ] == [True] * 4


def test_what_nobody_noted_is_new_and_what_was_noted_is_not() -> None:
    old, known, new = (item(key=key) for key in ("5", "6", "9"))
    found = compare([row(known)], [old, known, new, item("question", "1")], {"message": 6}, set(), NOW)
    assert found == NotificationDiff([new, item("question", "1")], [], [], NOW + 60)


def test_what_does_not_wait_any_more_is_over_but_an_undecided_agent_is_not() -> None:
    gone, failed = row(item(), 1), row(item("agent_failed", "alice"), 2)
    assert compare([gone, failed], [], {}, {"alice"}, NOW).over == [gone]
    assert compare([gone, failed], [], {}, set(), NOW).over == [gone, failed]
    # A message is not an agent, whatever an agent is called.
    assert compare([gone], [], {}, {"7"}, NOW).over == [gone]


def test_what_is_due_was_tried_least_first_and_settled_rows_are_not_due() -> None:
    items = [item(key=str(key), at=at) for key, at in ((1, 0.0), (2, 5.0), (3, 3.0), (4, NOW), (5, 0.0))]
    rows = [row(one, number) for number, one in enumerate(items, 1)]
    rows[0] = row(items[0], 1, attempts=2)
    rows[4] = row(items[4], 5, state=DeliveryState.SENT)
    found = compare(rows, items, {"message": 9}, set(), NOW)
    assert [one.id for one, _ in found.due] == [3, 2, 1]
    assert found.next_at == NOW + 60


def test_what_expires_is_pushed_while_there_is_time_to_answer() -> None:
    def due(ttl: float | None) -> float:
        return replace(item("question"), deadline_at=None if ttl is None else NOW + ttl).due_at(120) - NOW

    assert [due(ttl) for ttl in (None, 3600, 240, 180, 10)] == [120, 120, 120, 90, 5]


def test_a_push_leads_to_its_item() -> None:
    assert push_of(item("question", "12"), "https://hive.example.org/") == Push(
        title="question 12",
        message="text",
        priority=4,
        tags=["question"],
        click="https://hive.example.org/#/question/12",
    )
    assert push_of(item("agent_failed", "alice"), "https://h").click == "https://h/#/agent/alice"
    assert push_of(item(), None).click is None
    assert push_of_test("https://h").click == "https://h/#/"


def test_a_push_is_never_empty() -> None:
    assert push_of(replace(item(), text=" \u200b\n\u3164"), None).message == "message 7"


def test_one_push_counts_several_items_by_kind() -> None:
    items = [item(), item(key="8"), item("question"), item("agent_needs_login", "alice")]
    push = push_of_many(items, "https://h")
    assert (push.title, push.message, push.priority, push.click) == (
        "4 more things need you",
        "1 question, 2 messages, 1 agent that needs login",
        4,
        "https://h/#/",
    )


def test_a_long_text_is_cut_and_loses_what_nobody_sees() -> None:
    assert shortened("a\u202eb\x1b[31mc\td\r\n e\ufeff") == "ab[31mcd\n e"
    assert shortened("yes\u3164\u115f\u1160\uffa0\u2800\u034f\ufe0f\U000e0100!") == "yes!"
    assert shortened("10\u00a0h, 日本語\u3000です") == "10\u00a0h, 日本語\u3000です"
    assert shortened("x" * 10_000) == "x" * TEXT_LIMIT + "…"
    assert shortened("x" * TEXT_LIMIT) == "x" * TEXT_LIMIT
    assert len(shortened("ä😀" * 10_000).encode()) < 4096


SECRETS = [
    "sk-ant-api03-abcdefghijklmnop-qrstuvwxyz",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijklmnop",
    "glpat-abcdefghijklmnopqrst",
    "xoxb-123456789012-abcdefghijkl",
    "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_has_the_form_of_a_key_is_not_sent(secret: str) -> None:
    assert shortened(f"use {secret}, please") == "use [secret], please"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("password: hunter22", "password: [secret]"),
        ("PASSWORD=hunter22 next", "PASSWORD=[secret] next"),
        ('"token":"abcd1234"', '"token":"abcd1234"'),
        ("Authorization: Bearer abcdef", "Authorization: Bearer [secret]"),
        ("https://user:hunter22@host/x", "https://[secret]@host/x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx", "[secret]\nx"),
        ("-----BEGIN PRIVATE KEY-----\nabc", "[secret]"),
        ("The password is wrong; ask-me-anything about task-force-of-twenty", None),
    ],
)
def test_evident_secrets_are_not_sent_and_plain_words_are(text: str, sent: str | None) -> None:
    assert shortened(text) == (text if sent is None else sent)
