"""The state that the harness keeps of a terminal, and what the page's emulator makes of the same output."""

import base64
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from hyperhive.domain.terminal_state import TerminalState

EMULATORS = Path(__file__).with_name("emulators.mjs")
VENDOR = Path(__file__).parents[2] / "dashboard" / "vendor"

MODES = (1, 6, 7, 25, 45, 66, 1004, 2004, 9, 1000, 1002, 1003, 1006, 47)
# No underlines: the emulator restores half of them with a cursor.
ATTRIBUTES = (1, 2, 3, 7, 9, 22, 23, 27, 29, 31, 42, 97, 104, "38;5;200", "48;2;1;2;3", 39, 49, "1;31", 0)
OTHERS = (
    *("text ", "⚡ü€", "\r\n", "\x1b[3;4H", "\x1b[K", "\x1b]0;title\x07", "\x1b]2;other\x1b\\"),
    *("\x1b[4h", "\x1b[4l", "\x1b=", "\x1b>", "\x1b[m", "\x1b[2;9r", "\x1b[3;6r", "\x1b[r"),
    *("\x1b[!p", "\r\x1b[3g", "\x9b?2004h", "\x1bc"),
)
PIECES = (
    *(f"\x1b[?{mode}{final}" for mode in MODES for final in "hl"),
    *(f"\x1b[{one}m" for one in ATTRIBUTES),
    *OTHERS,
)
#: The emulator keeps the active set apart from the four when it restores a cursor: not both at once.
CHARSETS = ("\x1b(0", "\x1b(B", "\x1b)0", "\x1b)B", "\x0e", "\x0f")
CURSOR = (*(f"\x1b[?{mode}{final}" for mode in (1048, 1049) for final in "hl"), "\x1b7", "\x1b8", "\x1b[s")


def case(seed: int) -> dict[str, str]:
    """Some output, the state where it is cut, and what follows."""
    chance = random.Random(seed)
    pieces = [*PIECES, *(CHARSETS if seed % 2 else CURSOR)]
    whole = "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 80))).encode()
    cut = chance.randrange(len(whole))
    state = TerminalState()
    for at in range(0, cut, 7):
        state.feed(whole[at : min(cut, at + 7)])
    parts = {"whole": whole, "state": state.sequences(), "rest": whole[cut:]}
    return {name: base64.b64encode(part).decode() for name, part in parts.items()}


@pytest.mark.skipif(not shutil.which("node") or not VENDOR.is_dir(), reason="no node, or no dashboard/vendor")
def test_a_state_is_what_the_emulator_had() -> None:
    cases = [case(seed) for seed in range(600)]
    lines = "".join(f"{json.dumps(one)}\n" for one in cases)
    command = ["node", str(EMULATORS)]
    answer = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=120, check=True)
    answers = answer.stdout.splitlines()
    assert len(answers) == len(cases)
    for one, line in zip(cases, answers, strict=True):
        expected, found = json.loads(line)
        assert found == expected, {name: base64.b64decode(part) for name, part in one.items()}
