"""Questions: who may answer or cancel which, and the texts in which they travel."""

from typing import Final

from hyperhive.errors import ConflictError, ForbiddenError, NotFoundError
from hyperhive.protocol.messages import OPERATOR
from hyperhive.protocol.questions import Question, QuestionState

#: Most characters of a question that are repeated to those who had it.
QUOTED_LIMIT: Final = 300


def check_sees(question: Question | None, by: str, question_id: int) -> Question:
    """The question, for those it concerns; for others a `NotFoundError`, as if there were none."""
    if question is None or by not in {question.asker, question.target, OPERATOR}:
        raise NotFoundError(f"there is no question {question_id}")
    return question


def check_answer(question: Question, by: str, now: float) -> None:
    """Raise a `ForbiddenError` unless target or operator, a `ConflictError` unless the question is open."""
    if by not in {question.target, OPERATOR}:
        raise ForbiddenError(f"question {question.id} is for {question.target} to answer")
    _check_open(question, now)


def check_cancel(question: Question, by: str, now: float) -> None:
    """Raise a `ForbiddenError` unless asker or operator, a `ConflictError` unless the question is open."""
    if by not in {question.asker, OPERATOR}:
        raise ForbiddenError(f"question {question.id} is for {question.asker} to cancel")
    _check_open(question, now)


def _check_open(question: Question, now: float) -> None:
    """A question whose deadline has come counts as expired, also before anybody wrote that down."""
    late = question.deadline_at is not None and question.deadline_at <= now
    state = QuestionState.EXPIRED if late and question.state is QuestionState.OPEN else question.state
    if state is not QuestionState.OPEN:
        raise ConflictError(f"question {question.id} is {state}")


def asked_text(question: Question) -> str:
    lines = [f"Question {question.id} from {question.asker}:", question.question]
    if question.options:
        choice = "Options (several may be chosen)" if question.multi else "Options"
        lines.append(f"{choice}, or answer freely:")
        lines += [f"- {option}" for option in question.options]
    lines.append(f"Answer it with the tool `answer`, id {question.id}.")
    return "\n".join(lines)


def answered_text(question: Question) -> str:
    return (
        f"{question.closed_by} answered your question {question.id}.\n"
        f"Question: {_quoted(question)}\n"
        f"Answer: {question.answer}"
    )


def answered_elsewhere_text(question: Question) -> str:
    """For the agent that was asked, when the operator answered in its place."""
    return f"The operator answered question {question.id} from {question.asker}; you need not answer it."


def cancelled_text(question: Question, reason: str) -> str:
    """For the side that did not cancel; `reason` is a clause such as `alice cancelled it`."""
    return f"Question {question.id} is closed without an answer: {reason}.\nQuestion: {_quoted(question)}"


def expired_text(question: Question) -> str:
    return (
        f"Nobody answered question {question.id} to {question.target} in time.\nQuestion: {_quoted(question)}"
    )


def _quoted(question: Question) -> str:
    text = question.question
    if len(text) <= QUOTED_LIMIT:
        return text
    return (
        f"{text[:QUOTED_LIMIT]}\n[… {len(text) - QUOTED_LIMIT} more characters, see question {question.id}]"
    )


def sizes_of_asking(question: str, options: list[str], target: str) -> list[int]:
    """Bytes of the rows that come of it: the question, the mail with it, and the mail when it is closed."""
    text, chosen = len(question.encode()), sum(len(option.encode()) for option in options)
    mail = [] if target == OPERATOR else [text + chosen]
    return [text + chosen, *mail, len(question[:QUOTED_LIMIT].encode())]


def sizes_of_answering(question: Question, answer: str) -> list[int]:
    """Bytes of the rows: the answer beside the question, and the mail to its asker."""
    size = len(answer.encode())
    return [size, size + len(question.question[:QUOTED_LIMIT].encode())]
