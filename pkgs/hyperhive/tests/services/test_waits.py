from hyperhive.protocol.agents import Waiting
from hyperhive.protocol.questions import Question, QuestionState
from hyperhive.services.waits import Waits


def question(number: int, target: str, state: QuestionState = QuestionState.OPEN) -> Question:
    return Question(
        id=number,
        asker="alice",
        target=target,
        question="Which?",
        options=[],
        multi=False,
        asked_at=100.0 + number,
        deadline_at=None,
        state=state,
        answer=None,
        closed_by=None,
        closed_at=None,
    )


def test_the_operators_question_comes_first_then_the_oldest() -> None:
    waits = Waits()
    waits.load([question(1, "bob"), question(2, "operator"), question(3, "operator")])
    assert waits.of("alice", 0.0) == Waiting(on="operator", question=2, since=102.0)
    for closed in (2, 3):
        waits.changed(question(closed, "operator", QuestionState.EXPIRED))
    assert waits.of("alice", 500.0) == Waiting(on="bob", question=1, since=500.0)
    waits.changed(question(1, "bob", QuestionState.ANSWERED))
    assert waits.of("alice", 0.0) is None


def test_who_asked_nothing_waits_for_nobody() -> None:
    assert Waits().of("bob", 0.0) is None
