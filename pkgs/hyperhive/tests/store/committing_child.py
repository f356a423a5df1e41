"""A process that commits as fast as it can and prints every id it was acknowledged; it is to be killed."""

import asyncio
import os
import sys
from pathlib import Path

from hyperhive.protocol.messages import MessageKind
from hyperhive.store import messages
from hyperhive.store.database import Database
from hyperhive.store.messages import NewMessage

SENDERS = 4


async def main(path: Path) -> None:
    async with Database(path) as db:

        async def send(sender: str) -> None:
            while True:
                new = NewMessage(sender, "bob", MessageKind.TEXT, "x" * 500, sent_at=1.0)
                message = await db.commit(messages.insert, new)
                os.write(1, f"{message.id}\n".encode())

        await asyncio.gather(*(send(f"sender-{number}") for number in range(SENDERS)))


asyncio.run(main(Path(sys.argv[1])))
