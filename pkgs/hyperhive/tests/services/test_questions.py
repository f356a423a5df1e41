import asyncio
from collections.abc import Callable

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import (
    ConflictError,
    ForbiddenError,
    HyperhiveError,
    InvalidRequestError,
    NotFoundError,
    RecipientDeniedError,
    UnknownRecipientError,
)
from hyperhive.protocol.events import MessageFrame, QuestionFrame
from hyperhive.protocol.messages import MessageKind
from hyperhive.protocol.questions import AskRequest, Question, QuestionState
from hyperhive.services.questions import OPEN_BYTES, OPEN_LIMIT
from tests.conftest import Clock
from tests.services.conftest import Core, StartCore, taken

HiveConfig = Callable[..., BrokerConfig]


async def test_a_question_to_the_operator_is_shown_and_sends_no_message(core: Core, clock: Clock) -> None:
    async with core.hive.watch() as frames:
        asked = await core.questions.ask(
            "alice", AskRequest(question="Which?", options=["a", "b"], multi=True, ttl_seconds=60)
        )
        [frame] = await taken(frames)

    assert asked == Question(
        id=1,
        asker="alice",
        target="operator",
        question="Which?",
        options=["a", "b"],
        multi=True,
        asked_at=clock.now,
        deadline_at=clock.now + 60,
        state=QuestionState.OPEN,
        answer=None,
        closed_by=None,
        closed_at=None,
    )
    assert isinstance(frame, QuestionFrame)
    assert frame.data == asked
    assert (await core.messages.page(limit=10)).messages == []


async def test_an_answer_closes_the_question_and_reaches_the_asker_as_one_message(
    core: Core, clock: Clock
) -> None:
    asked = await core.questions.ask("alice", AskRequest(question="Which?", options=["a"]))
    async with core.hive.watch() as frames:
        closed = await core.questions.answer(asked.id, "operator", "neither")
        told = await taken(frames)

    [mail] = await core.take("alice", count=5)
    assert closed == asked.model_copy(
        update={
            "state": QuestionState.ANSWERED,
            "answer": "neither",
            "closed_by": "operator",
            "closed_at": clock.now,
        }
    )
    assert [frame.data for frame in told if isinstance(frame, QuestionFrame)] == [closed]
    assert (mail.sender, mail.kind, mail.question) == ("system", MessageKind.QUESTION_ANSWERED, asked.id)
    assert mail.body == "operator answered your question 1.\nQuestion: Which?\nAnswer: neither"
    assert len([frame for frame in told if isinstance(frame, MessageFrame)]) == 1


async def test_a_question_to_an_agent_arrives_as_a_message_that_says_how_to_answer(core: Core) -> None:
    asked = await core.questions.ask(
        "alice", AskRequest(question="Ready?", options=["yes", "no"], to="manager")
    )

    [mail] = await core.take("boss")
    assert (asked.target, mail.sender, mail.kind, mail.question) == (
        "boss",
        "alice",
        MessageKind.QUESTION_ASKED,
        asked.id,
    )
    assert mail.body == (
        "Question 1 from alice:\nReady?\nOptions, or answer freely:\n- yes\n- no\n"
        "Answer it with the tool `answer`, id 1."
    )


async def test_only_one_of_two_answers_at_the_same_time_counts(core: Core) -> None:
    asked = await core.questions.ask("alice", AskRequest(question="Ready?", to="bob"))

    outcomes = await asyncio.gather(
        core.questions.answer(asked.id, "bob", "yes"),
        core.questions.answer(asked.id, "operator", "no"),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [Question, ConflictError]
    assert [mail.kind for mail in await core.take("alice", count=5)] == [MessageKind.QUESTION_ANSWERED]


async def test_the_agent_that_was_asked_hears_when_the_operator_answers_in_its_place(core: Core) -> None:
    asked = await core.questions.ask("alice", AskRequest(question="Ready?", to="bob"))
    await core.questions.answer(asked.id, "operator", "yes")

    mail = await core.take("bob", count=5)
    assert [message.kind for message in mail] == [MessageKind.QUESTION_ASKED, MessageKind.QUESTION_ANSWERED]


@pytest.mark.parametrize(
    ("by", "answer_error", "cancel_error"),
    [("alice", ForbiddenError, None), ("bob", None, ForbiddenError), ("boss", NotFoundError, NotFoundError)],
)
async def test_who_may_answer_and_cancel(
    core: Core, by: str, answer_error: type[HyperhiveError] | None, cancel_error: type[HyperhiveError] | None
) -> None:
    first = await core.questions.ask("alice", AskRequest(question="1", to="bob"))
    second = await core.questions.ask("alice", AskRequest(question="2", to="bob"))

    outcomes = await asyncio.gather(
        core.questions.answer(first.id, by, "x"), core.questions.cancel(second.id, by), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [answer_error or Question, cancel_error or Question]


async def test_a_question_that_does_not_exist_looks_like_one_of_others(core: Core) -> None:
    asked = await core.questions.ask("alice", AskRequest(question="1"))
    messages = []
    for question_id in (asked.id, 999):
        with pytest.raises(NotFoundError) as caught:
            await core.questions.answer(question_id, "bob", "x")
        messages.append(caught.value.message.replace(str(question_id), "N"))

    assert messages == ["there is no question N"] * 2
    with pytest.raises(NotFoundError):
        await core.questions.get(999)


async def test_a_cancelled_question_is_told_to_the_side_that_did_not_cancel(core: Core) -> None:
    by_asker = await core.questions.ask("alice", AskRequest(question="1", to="bob"))
    by_operator = await core.questions.ask("alice", AskRequest(question="2"))

    await core.questions.cancel(by_asker.id, "alice")
    await core.questions.cancel(by_operator.id, "operator")

    assert [(mail.kind, mail.question) for mail in await core.take("bob", count=5)] == [
        (MessageKind.QUESTION_ASKED, by_asker.id),
        (MessageKind.QUESTION_CANCELLED, by_asker.id),
    ]
    assert [(mail.kind, mail.question) for mail in await core.take("alice", count=5)] == [
        (MessageKind.QUESTION_CANCELLED, by_operator.id)
    ]
    with pytest.raises(ConflictError, match="is cancelled"):
        await core.questions.answer(by_asker.id, "bob", "late")


async def test_a_question_expires_at_its_deadline_even_before_the_sweep(core: Core, clock: Clock) -> None:
    asked = await core.questions.ask("alice", AskRequest(question="Quick?", ttl_seconds=5))
    await core.questions.ask("alice", AskRequest(question="Slow?"))
    clock.advance(5)
    with pytest.raises(ConflictError, match="is expired"):
        await core.questions.answer(asked.id, "operator", "too late")

    await core.questions.sweep()
    await core.questions.sweep()

    closed = await core.questions.get(asked.id)
    assert (closed.state, closed.closed_by) == (QuestionState.EXPIRED, "system")
    assert [mail.kind for mail in await core.take("alice", count=5)] == [MessageKind.QUESTION_EXPIRED]
    assert [one.question for one in await core.questions.open_for("alice")] == ["Slow?"]


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("alice", InvalidRequestError),
        ("*", InvalidRequestError),
        ("system", InvalidRequestError),
        ("nobody", UnknownRecipientError),
        ("bob", RecipientDeniedError),
    ],
)
async def test_a_question_that_cannot_be_asked_leaves_none_behind(
    start_core: StartCore, hive_config: HiveConfig, to: str, error: type[HyperhiveError]
) -> None:
    core = await start_core(hive_config(agents={"alice": {"allowed_recipients": ["operator"]}, "bob": {}}))

    with pytest.raises(error):
        await core.questions.ask("alice", AskRequest(question="?", to=to))

    assert await core.questions.recent() == []


async def test_the_same_key_returns_the_same_question(core: Core) -> None:
    request = AskRequest(question="?", to="bob", idempotency_key="k")
    first = await core.questions.ask("alice", request)
    await core.questions.answer(first.id, "bob", "!")

    again = await core.questions.ask("alice", request)

    assert (again.id, again.state) == (first.id, QuestionState.ANSWERED)
    assert core.messages.pending("bob") == 1
    with pytest.raises(ConflictError):
        await core.questions.ask("alice", request.model_copy(update={"question": "other"}))


async def test_the_questions_of_an_agent_that_leaves_are_cancelled_and_the_other_side_hears(
    core: Core,
) -> None:
    to_bob = await core.questions.ask("alice", AskRequest(question="1", to="bob"))
    by_bob = await core.questions.ask("bob", AskRequest(question="2", to="boss"))
    to_operator = await core.questions.ask("bob", AskRequest(question="3"))

    await core.remove_agent("bob")

    states = [(await core.questions.get(one.id)).state for one in (to_bob, by_bob, to_operator)]
    assert states == [QuestionState.CANCELLED] * 3
    assert MessageKind.QUESTION_CANCELLED in [mail.kind for mail in await core.take("alice", count=5)]
    assert MessageKind.QUESTION_CANCELLED in [mail.kind for mail in await core.take("boss", count=5)]


async def test_recent_questions_are_all_open_ones_and_the_latest_closed(core: Core, clock: Clock) -> None:
    for number in range(25):
        asked = await core.questions.ask("alice", AskRequest(question=str(number)))
        clock.advance(1)
        if number:
            await core.questions.cancel(asked.id, "operator")

    assert [one.id for one in await core.questions.recent()] == [*range(25, 5, -1), 1]


async def test_one_asker_cannot_have_any_number_of_open_questions(core: Core) -> None:
    for number in range(OPEN_LIMIT):
        await core.questions.ask("alice", AskRequest(question=str(number)))

    with pytest.raises(ConflictError, match="are open"):
        await core.questions.ask("alice", AskRequest(question="one more"))


async def test_questions_survive_a_restart_and_expire_after_it(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config())
    asked = await core.questions.ask("alice", AskRequest(question="?", ttl_seconds=10))

    again = await start_core(hive_config())
    clock.advance(11)
    await again.questions.sweep()

    assert (await again.questions.get(asked.id)).state is QuestionState.EXPIRED
    assert again.messages.pending("alice") == 1


async def test_open_questions_of_one_asker_have_an_end_in_bytes_and_closed_ones_in_a_list(core: Core) -> None:
    long = "ü" * (OPEN_BYTES // 4 - 10)
    first, _ = [
        await core.questions.ask("alice", AskRequest(question=f"{number}{long}")) for number in (1, 2)
    ]
    with pytest.raises(ConflictError, match="long enough"):
        await core.questions.ask("alice", AskRequest(question=f"3{long}"))
    await core.questions.ask("bob", AskRequest(question=f"4{long}"))
    await core.questions.cancel(first.id, "alice")
    await core.questions.ask("alice", AskRequest(question="short"))
    await core.questions.answer(4, "operator", "yes")

    assert [(one.id, one.state.value) for one in await core.questions.recent()] == [
        (4, "answered"),
        (3, "open"),
        (2, "open"),
    ]
