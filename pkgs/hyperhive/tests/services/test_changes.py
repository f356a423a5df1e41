from hyperhive.protocol.messages import MessageKind, MessageState
from hyperhive.services.changes import Changes
from hyperhive.store import messages as store
from tests.services.conftest import Core


async def test_changes_know_the_queue_of_every_recipient_they_touched(core: Core) -> None:
    def transaction(changes: Changes) -> Changes:
        changes.post("alice", MessageKind.NOTICE, "1")
        changes.post("alice", MessageKind.NOTICE, "2")
        changes.post("bob", MessageKind.NOTICE, "3")
        changes.changed(store.undeliver(changes.connection, "bob"))
        changes.seal()
        return changes

    changes = await core.db.write(lambda connection: transaction(Changes(connection, 7.0)))

    assert changes.pending == {"alice": 2, "bob": 0}
    assert [(one.id, one.sender, one.sent_at, one.state) for one in changes.messages] == [
        (1, "system", 7.0, MessageState.QUEUED),
        (2, "system", 7.0, MessageState.QUEUED),
        (3, "system", 7.0, MessageState.QUEUED),
        (3, "system", 7.0, MessageState.UNDELIVERABLE),
    ]
