"""What output that is not kept any more has left behind in a terminal: modes, attributes, the other screen.

An emulator would know the screen as well, but Python's (pyte) is far slower than the output of programs and
has no alternate screen. So the stream is searched for the few sequences that set something, and a program
whose screen is not kept is asked to draw it anew.
"""

import functools
import re
from collections.abc import Iterator
from typing import Final

#: Of the normal screen's output, so much is drawn again below a program that has the alternate one.
SHELL_BYTES: Final = 24 * 1024
#: Longest beginning of a sequence that is kept: of a string, the rest changes nothing.
_UNFINISHED_BYTES: Final = 2048
_TITLE_BYTES: Final = 1024
_COLOUR_BYTES: Final = 32
#: No terminal is wider.
_COLUMNS: Final = 500
#: How far back to look for the beginning of a line.
_LINE_BYTES: Final = 1024

#: What sets something besides attributes: most of a program's output only moves and draws.
_TOKEN: Final = re.compile(
    rb"\x1b(?:\[([0-?]*)( q|[ghlr])|\]([^\x07\x18\x1a\x1b]*)|([%()*+./-])[0-~]|([=>Hno|}~]))"
    rb"|[\x0e\x0f]"
)
#: What switches screens, resets, saves or restores the cursor: output is taken in parts between these.
_BREAK: Final = re.compile(
    rb"\x1b(?:\[(\?(?:[0-9;]*;)?(?:104[789]|47)(?:;[0-9;]*)?)([hl])|(c|\[!p|[78]|\[[su]))"
)
_ATTRIBUTES: Final = re.compile(rb"\x1b\[([0-9;:]*)m")
_RESETS: Final = (b"\x1b[m", b"\x1b[0m")
_TELLING: Final = (b"\x1b", b"\x0e", b"\x0f")
_MOVE: Final = re.compile(rb"\x1b(?:\[([0-?]*)[ -/]*([@-~])|[ -/]*[0-~])")
_OPEN: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[ -/]*|[]PX^_][^\x07\x18\x1a\x1b]*)")
_OPEN_CHARACTER: Final = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_LONG_CONTROL: Final = re.compile(rb"\xc2([\x80-\x9f])")
_COLOUR: Final = re.compile(rb"(4;[0-9]{1,3}|1[0-2]);[^?;]+")

#: 1048 saves and restores the cursor alone, 1049 as well.
_ALTERNATE: Final = {b"47", b"1047", b"1048", b"1049"}
_MOUSE: Final = {b"9", b"1000", b"1002", b"1003"}
_MOUSE_FORMS: Final = {b"1006", b"1016"}
#: Everything else that is set with `CSI ? … h` and has no effect but what it says; 66 is the keypad.
_PRIVATE: Final = {b"1", b"6", b"7", b"12", b"25", b"45", b"66", b"1004", b"2004"}
_ANSI: Final = {b"4", b"20"}
_CHARSETS: Final = {bytes([one]) for one in b"()*+-./"}
#: What moves the cursor, so that it is put back.
_MOVING: Final = (b"r", b"?6")
#: What a soft reset leaves as it is.
_HARD: Final = {b"mouse", b"mouse form", b" q", b"20", b"?12", b"title"}
#: Undoes whatever may be set, and leaves what is on the screen.
_CALM: Final = (
    b"\x18\x1b[!p\x1b[?9;1000;1002;1003;1006;1016;12l\x1b[20l\x1b[0 q"
    b"\x1b]104\x07\x1b]110\x07\x1b]111\x07\x1b]112\x07"
)

#: What an attribute's end takes away, by the number that ends it.
_ENDED: Final = {
    22: (1, 2),
    23: (3,),
    24: (4,),
    25: (5, 6),
    27: (7,),
    28: (8,),
    29: (9,),
    39: (38,),
    49: (48,),
    55: (53,),
    59: (58,),
}


class Attributes(dict[int, bytes]):
    """How characters are drawn (`CSI … m`): by what they set, the parameters that set it."""

    def feed(self, data: bytes) -> None:
        """Take note of the changes in a part of the output: of those behind the last reset."""
        last = max(data.rfind(reset) for reset in _RESETS)
        if last >= 0:
            self.clear()
        changes = _ATTRIBUTES.findall(data, max(0, last))
        for parameters in reversed(dict.fromkeys(reversed(changes))):
            for key, value in _changes(parameters):
                if value:
                    self[key] = value
                elif key:
                    self.pop(key, None)
                else:
                    self.clear()

    def sequence(self) -> bytes:
        return b"\x1b[%sm" % b";".join(self.values()) if self else b""


@functools.lru_cache(maxsize=1024)
def _changes(parameters: bytes) -> list[tuple[int, bytes]]:
    """Key and value of what is set; without a value it is taken away, and without a key everything is."""
    found: list[tuple[int, bytes]] = []
    parts = iter(parameters[:_UNFINISHED_BYTES].split(b";")[:32])
    for part in parts:
        head = part.partition(b":")[0][:4]
        code = int(head or 0)
        if code in {38, 48, 58}:
            value = part if b":" in part else b";".join([part, *_colour(parts)])
            found.append((code, value[:_COLOUR_BYTES]))
        elif code == 0:
            found.append((0, b""))
        elif code in _ENDED or part == b"4:0":
            found += ((ended, b"") for ended in _ENDED.get(code, (4,)))
        elif key := _attribute(code):
            found.append((key, part[:_COLOUR_BYTES]))
    return found


def _colour(rest: Iterator[bytes]) -> list[bytes]:
    kind = next(rest, b"5")
    count = {b"5": 1, b"2": 3}.get(kind, 0)
    return [kind, *((next(rest, b"0") or b"0")[:3] for _ in range(count))]


def _attribute(code: int) -> int:
    """The key of an attribute that this number sets; 0 for none."""
    if code in range(1, 10) or code == 53:
        return code
    if code == 21:
        return 4
    if code in range(30, 38) or code in range(90, 98):
        return 38
    if code in range(40, 48) or code in range(100, 108):
        return 48
    return 0


class TerminalState:
    """The state behind everything that was fed to it, for an emulator as new."""

    def __init__(self) -> None:
        #: By what they set, the sequences that set it.
        self._set: dict[bytes, bytes] = {}
        self._attributes = Attributes()
        #: Columns with a stop; null is every eighth one.
        self._tabs: set[int] | None = None
        #: The mode that switched to the alternate screen; empty on the normal one.
        self._alternate = b""
        #: Margins and tab stops of the normal screen while the other one is shown.
        self._normal: tuple[bytes, set[int] | None] = (b"", None)
        #: Attributes that were saved with the cursor, on the normal screen and on the other one.
        self._saved = [Attributes(), Attributes()]
        self._shell = bytearray()
        self._line = b""
        self._unfinished = b""

    @property
    def is_alternate(self) -> bool:
        """Whether a program has the alternate screen."""
        return bool(self._alternate)

    def feed(self, data: bytes) -> None:
        """Take note of the next piece of output, wherever it is cut."""
        data = self._unfinished + data
        if b"\xc2" in data:
            data = _LONG_CONTROL.sub(lambda found: bytes([0x1B, found[1][0] - 0x40]), data)
        cut = _end_of_whole(data)
        self._unfinished = data[cut : cut + _UNFINISHED_BYTES]
        data = data[:cut]
        at = 0
        for found in _BREAK.finditer(data):
            self._feed_whole(data[at : found.start()])
            self._on_break(found)
            at = found.end()
        self._feed_whole(data[at:])

    def sequences(self) -> bytes:
        """What makes the state in an emulator that has none."""
        saved = self._saved[self.is_alternate].sequence()
        now = _in_order(self._set, self._attributes, self._tabs, b"%s\x1b7\x1b[m" % saved if saved else b"")
        if not self._alternate and (saved := self._saved[1].sequence()):
            now = b"\x1b[?47h%s\x1b7\x1b[m\x1b[?47l" % saved + now
        if self._alternate:
            shell = bytes(self._shell[-SHELL_BYTES:])
            # Without its first line, which is cut.
            shell = shell[shell.find(b"\n") + 1 :] if len(shell) == SHELL_BYTES else shell
            margins, tabs = self._normal
            before = _in_order({b"r": margins} if margins else {}, self._saved[0], tabs)
            now = b"".join((shell, _CALM, before, b"\x1b7\x1b[?%sh" % self._alternate, _CALM, now))
        return now + self._unfinished

    def _feed_whole(self, data: bytes) -> None:
        """Take note of output that neither switches screens nor resets anything."""
        if not self._alternate:
            self._shell += data
            if len(self._shell) > 2 * SHELL_BYTES:
                del self._shell[:-SHELL_BYTES]
        line = _Line(self._line, data)
        self._line = line.rest()
        if not any(one in data for one in _TELLING):
            return
        self._attributes.feed(data)
        for found in _TOKEN.finditer(data):
            parameters, final, text, designation, escape = found.groups()
            if final in {b"h", b"l"}:
                self._set |= _modes(parameters, final)
            elif escape == b"H" or final == b"g":
                self._on_stop(parameters, line.column(found.start()))
            elif text is not None:
                self._on_command(text)
            elif final is None:
                self._on_escape(found[0], designation)
            elif len(parameters) < _COLOUR_BYTES and parameters[:1] != b"?":
                self._set[final] = found[0]

    def _on_break(self, found: re.Match[bytes]) -> None:
        modes, final, other = found.groups()
        if modes:
            changed = dict(_modes(modes, final))
            screen = changed.pop(b"screen", b"")
            self._set |= changed
            if screen:
                self._on_screen(screen, shown=final == b"h")
        elif other in {b"7", b"[s"}:
            self._save()
        elif other in {b"8", b"[u"}:
            self._restore()
        elif other == b"c":
            self._clear()
        else:
            self._attributes = Attributes()
            self._saved[self.is_alternate] = Attributes()
            self._set = {key: value for key, value in self._set.items() if key in _HARD or key[:1] == b"]"}

    def _clear(self) -> None:
        self._set = {}
        self._attributes = Attributes()
        self._tabs = None
        self._alternate = b""
        self._normal = (b"", None)
        self._saved = [Attributes(), Attributes()]
        self._shell.clear()

    def _save(self) -> None:
        self._saved[self.is_alternate] = Attributes(self._attributes)

    def _restore(self) -> None:
        self._attributes = Attributes(self._saved[self.is_alternate])
        self._set.pop(b"shift", None)

    def _on_stop(self, parameters: bytes | None, column: int | None) -> None:
        if parameters == b"3":
            self._tabs = set()
            return
        if column is None:
            return
        if self._tabs is None:
            self._tabs = set(range(1, _COLUMNS + 1, 8))
        if parameters is None:
            self._tabs.add(column)
        else:
            self._tabs.discard(column)

    def _on_escape(self, sequence: bytes, designation: bytes | None) -> None:
        if designation == b"%":
            for key in (*_CHARSETS, b"shift"):
                self._set.pop(key, None)
        elif designation:
            self._set[designation] = sequence
        else:
            self._set[b"?66" if sequence in {b"\x1b=", b"\x1b>"} else b"shift"] = sequence

    def _on_screen(self, mode: bytes, *, shown: bool) -> None:
        """The alternate screen is shown, or not; margins are each one's own."""
        if mode in {b"1048", b"1049"} and shown:
            self._save()
        if mode != b"1048" and shown != self.is_alternate:
            margins = self._set.pop(b"r", b"")
            if shown:
                self._alternate, self._normal, self._tabs = mode, (margins, self._tabs), None
            else:
                self._alternate = b""
                margins, self._tabs = self._normal
                if margins:
                    self._set[b"r"] = margins
        if mode in {b"1048", b"1049"} and not shown:
            self._restore()

    def _on_command(self, text: bytes) -> None:
        number, _, value = text.partition(b";")
        if number in {b"0", b"2"}:
            self._set[b"title"] = b"\x1b]%s\x07" % text[:_TITLE_BYTES]
        elif number in {b"104", b"110", b"111", b"112"}:
            undone = b"4;" + value if value else number[1:].lstrip(b"0")
            for key in [
                one for one in self._set if one == b"]" + undone or one.startswith(b"]" + undone + b";")
            ]:
                del self._set[key]
        elif len(text) <= _COLOUR_BYTES and (found := _COLOUR.fullmatch(text)):
            self._set[b"]" + found[1]] = b"\x1b]%s\x07" % text


class _Line:
    """Finds the cursor's column in a piece of output; the places that are asked for only grow.

    Args:
        before: What `rest` of the piece before it was.
    """

    def __init__(self, before: bytes, data: bytes) -> None:
        self._data = before + data
        self._begin = len(before)
        self._at = 0
        self._column: int | None = None

    def rest(self) -> bytes:
        """What the next piece needs to know of this one: its last line, or the end of it."""
        begin = max(0, len(self._data) - _LINE_BYTES)
        return self._data[max(begin, self._data.rfind(b"\r", begin)) :]

    def column(self, at: int) -> int | None:
        """The cursor's column before `data[at]`, counted from 1; null when that is not known."""
        at += self._begin
        begin = self._data.rfind(b"\r", self._at, at) + 1
        if begin:
            self._at, self._column = begin, 1
        if self._column is not None:
            self._column = _moved(self._column, self._data[self._at : at])
        self._at = at
        return self._column


def _moved(column: int, line: bytes) -> int | None:
    place = 0
    for found in _MOVE.finditer(line):
        column += found.start() - place
        place = found.end()
        number = int(found[1][:4]) if found[1] and found[1][:4].isdigit() else 1
        if found[2] == b"C":
            column += number
        elif found[2] == b"G":
            column = number
        elif found[2] in {b"H", b"f"}:
            return None
    column += len(line) - place
    return column if 1 <= column <= _COLUMNS else None


@functools.lru_cache(maxsize=1024)
def _modes(parameters: bytes, final: bytes) -> dict[bytes, bytes]:
    """By their keys, sequences that set or reset modes; for `screen`, the mode that shows the other."""
    private = b"?" if parameters[:1] == b"?" else b""
    known = _PRIVATE if private else _ANSI
    found: dict[bytes, bytes] = {}
    for number in parameters[:_UNFINISHED_BYTES].removeprefix(b"?").split(b";")[:32]:
        sequence = b"\x1b[%s%s%s" % (private, number, final)
        if number in known:
            found[private + number] = sequence
        elif private and number in _MOUSE:
            found[b"mouse"] = sequence
        elif private and number in _MOUSE_FORMS:
            found[b"mouse form"] = sequence
        elif private and number in _ALTERNATE:
            found[b"screen"] = number
    return found


def _end_of_whole(data: bytes) -> int:
    """Where the sequence or character begins that is not complete yet; the end when there is none."""
    escape = data.rfind(b"\x1b")
    if escape >= 0 and _OPEN.fullmatch(data, escape):
        return escape
    found = _OPEN_CHARACTER.search(data, max(0, len(data) - 3))
    return found.start() if found else len(data)


def _in_order(
    settings: dict[bytes, bytes], attributes: Attributes, tabs: set[int] | None, saved: bytes = b""
) -> bytes:
    moving = [settings[key] for key in _MOVING if key in settings]
    if tabs is not None:
        moving += [b"\x1b[3g", *(b"\x1b[%dG\x1bH" % column for column in sorted(tabs))]
    parts = [b"\x1b7", *moving, b"\x1b8"] if moving else []
    parts.append(saved)
    parts += [value for key, value in settings.items() if key not in _MOVING]
    return b"".join((*parts, attributes.sequence()))
