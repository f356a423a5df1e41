"""Waits: who asked what that nobody has answered yet, without the texts."""

from collections.abc import Iterable

from hyperhive.protocol.agents import Waiting
from hyperhive.protocol.messages import OPERATOR
from hyperhive.protocol.questions import Question, QuestionState


class Waits:
    """Open questions by their asker. Immediate, event loop only."""

    def __init__(self) -> None:
        self._open: dict[str, dict[int, Waiting]] = {}

    def load(self, questions: Iterable[Question]) -> None:
        """Take over what the store knows."""
        for question in questions:
            self.changed(question)

    def changed(self, question: Question) -> None:
        """A question is new or closed."""
        asked = self._open.setdefault(question.asker, {})
        if question.state is QuestionState.OPEN:
            asked[question.id] = Waiting(on=question.target, question=question.id, since=question.asked_at)
        else:
            asked.pop(question.id, None)

    def of(self, asker: str, since: float) -> Waiting | None:
        """Whose answer the agent waits for when it rests since then; null when nobody owes it one."""
        asked = self._open.get(asker)
        if not asked:
            return None
        first = min(asked.values(), key=lambda one: (one.on != OPERATOR, one.question))
        return first.model_copy(update={"since": max(first.since, since)})
