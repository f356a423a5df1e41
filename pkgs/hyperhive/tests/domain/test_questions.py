import pytest

from hyperhive.domain import questions
from hyperhive.errors import ConflictError, ForbiddenError, HyperhiveError, NotFoundError
from hyperhive.protocol.questions import Question, QuestionState

ASKED = Question(
    id=7,
    asker="alice",
    target="bob",
    question="Which?",
    options=["a", "b"],
    multi=True,
    asked_at=1.0,
    deadline_at=10.0,
    state=QuestionState.OPEN,
    answer=None,
    closed_by=None,
    closed_at=None,
)
ANSWERED = ASKED.model_copy(update={"state": QuestionState.ANSWERED, "answer": "b", "closed_by": "bob"})


def test_only_those_it_concerns_see_a_question() -> None:
    for name in ("alice", "bob", "operator"):
        assert questions.check_sees(ASKED, name, 7) is ASKED
    for question, name in ((ASKED, "carol"), (None, "operator")):
        with pytest.raises(NotFoundError, match="there is no question 7"):
            questions.check_sees(question, name, 7)


@pytest.mark.parametrize(
    ("question", "by", "now", "error"),
    [
        (ASKED, "bob", 9.9, None),
        (ASKED, "operator", 9.9, None),
        (ASKED, "alice", 9.9, ForbiddenError),
        (ASKED, "bob", 10.0, ConflictError),
        (ANSWERED, "bob", 5.0, ConflictError),
    ],
)
def test_the_target_or_the_operator_answers_while_it_is_open(
    question: Question, by: str, now: float, error: type[HyperhiveError] | None
) -> None:
    if error is None:
        questions.check_answer(question, by, now)
    else:
        with pytest.raises(error):
            questions.check_answer(question, by, now)


@pytest.mark.parametrize(
    ("question", "by", "error"),
    [
        (ASKED, "alice", None),
        (ASKED, "operator", None),
        (ASKED, "bob", ForbiddenError),
        (ANSWERED, "alice", ConflictError),
    ],
)
def test_the_asker_or_the_operator_cancels_while_it_is_open(
    question: Question, by: str, error: type[HyperhiveError] | None
) -> None:
    if error is None:
        questions.check_cancel(question, by, 5.0)
    else:
        with pytest.raises(error):
            questions.check_cancel(question, by, 5.0)


def test_texts_carry_number_question_and_answer() -> None:
    assert questions.asked_text(ASKED) == (
        "Question 7 from alice:\nWhich?\nOptions (several may be chosen), or answer freely:\n- a\n- b\n"
        "Answer it with the tool `answer`, id 7."
    )
    assert questions.answered_text(ANSWERED) == "bob answered your question 7.\nQuestion: Which?\nAnswer: b"
    assert questions.answered_elsewhere_text(ANSWERED).startswith(
        "The operator answered question 7 from alice"
    )
    assert "7 is closed without an answer: bob left the hive." in questions.cancelled_text(
        ASKED, "bob left the hive"
    )
    assert questions.expired_text(ASKED).startswith("Nobody answered question 7 to bob in time.")


def test_a_long_question_comes_back_cut_and_says_what_is_missing() -> None:
    long = ANSWERED.model_copy(update={"question": "Which? " + "x" * 1_000_000})
    cut = f"Question: {long.question[: questions.QUOTED_LIMIT]}\n[… 999707 more characters, see question 7]"
    assert questions.answered_text(long) == f"bob answered your question 7.\n{cut}\nAnswer: b"
    for text in (questions.expired_text(long), questions.cancelled_text(long, "bob left the hive")):
        assert text.endswith(cut)
