"""Several computers that play at the same time, each in a process of its own, told as if it were one."""

import io
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from driver import Play
from parts import Part
from report import Report

#: Plays the parts of one computer, and yields what came of each.
Player = Callable[[int, Sequence[Part], Report], Iterator[Play]]


def grouped(place: Mapping[str, int], parts: Sequence[Part]) -> dict[int, list[Part]]:
    """The parts of each computer that has any, in the given order."""
    found: dict[int, list[Part]] = {}
    for part in parts:
        found.setdefault(place[part.name], []).append(part)
    return found


def play_at_once(shares: Mapping[int, Sequence[Part]], player: Player) -> Iterator[tuple[str, Play]]:
    """What is told of a part, and what came of it, as soon as it has ended.

    Whoever stops listening ends all of them.
    """
    with _started(shares, player) as connections:
        while connections:
            for ready in wait(list(connections)):
                assert isinstance(ready, Connection)
                try:
                    yield ready.recv()
                except EOFError:
                    connections.remove(ready)


@contextmanager
def _started(shares: Mapping[int, Sequence[Part]], player: Player) -> Iterator[list[Connection]]:
    context = multiprocessing.get_context("fork")
    processes: list[ForkProcess] = []
    connections: list[Connection] = []
    try:
        for number, parts in shares.items():
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(number, parts, player, theirs))
            process.start()
            theirs.close()
            processes.append(process)
            connections.append(ours)
        yield connections
    except BaseException:
        for process in processes:
            # It puts its machine away; told once is enough.
            if process.is_alive():
                process.terminate()
        raise
    finally:
        for process in processes:
            process.join()


def _work(number: int, parts: Sequence[Part], player: Player, connection: Connection) -> None:
    said = io.StringIO()
    try:
        for played in player(number, parts, Report(said)):
            connection.send((said.getvalue(), played))
            said.seek(0)
            said.truncate()
    except KeyboardInterrupt:
        pass
    finally:
        connection.close()
