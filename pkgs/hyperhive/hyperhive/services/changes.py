"""What one transaction changed, gathered while it runs and published after its commit."""

import sqlite3
from collections import Counter
from typing import Literal

from hyperhive.protocol.messages import SYSTEM, Message, MessageKind
from hyperhive.protocol.questions import Question
from hyperhive.store import messages as store
from hyperhive.store.messages import NewMessage

Level = Literal["info", "warning", "error"]


class Changes:
    """Used on the writer thread inside one transaction, read on the event loop after it.

    Attributes:
        now: Time of the transaction.
        messages: New and changed ones, in order.
        sent: The new ones that are on their way.
        questions: New and changed ones, in order.
        notices: What the operator should see once.
        unstored: Refused messages that were only counted, by sender.
        pending: Queue depth of every recipient that something changed for.
    """

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self.connection = connection
        self.now = now
        self.messages: list[Message] = []
        self.sent: list[Message] = []
        self.questions: list[Question] = []
        self.notices: list[tuple[Level, str]] = []
        self.unstored: Counter[str] = Counter()
        self.pending: dict[str, int] = {}

    def insert(self, new: NewMessage) -> Message:
        """Store a message."""
        message = store.insert(self.connection, new)
        self.messages.append(message)
        if message.refused_rule is None:
            self.sent.append(message)
        return message

    def post(
        self,
        recipient: str,
        kind: MessageKind,
        body: str,
        *,
        question: int | None = None,
        in_reply_to: int | None = None,
    ) -> Message:
        """Store a message from the system."""
        return self.insert(
            NewMessage(
                sender=SYSTEM,
                recipient=recipient,
                kind=kind,
                body=body,
                sent_at=self.now,
                question=question,
                in_reply_to=in_reply_to,
            )
        )

    def changed(self, messages: list[Message]) -> list[int]:
        """Note messages that the store changed; returns their ids."""
        self.messages += messages
        return [message.id for message in messages]

    def seal(self) -> None:
        """Read the queue depths that the transaction leaves behind."""
        for recipient in {message.recipient for message in self.messages}:
            self.pending[recipient] = store.pending(self.connection, recipient)
