"""`find`, as GNU's and bfs read it: what their expressions run and which files they write.

What only one of the two understands is left out, or is an error in the other before anything runs.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from hyperhive.domain.bash.commands.arguments import (
    Inner,
    InnerCommand,
    InnerOutput,
    Trusts,
    computed,
    joined,
    names,
    rewritten,
    uncertain,
    with_quoted,
)
from hyperhive.domain.bash.printing.printer import print_script, shown
from hyperhive.domain.bash.script import (
    Brace,
    BraceRange,
    Embedded,
    Literal,
    Parameter,
    Piece,
    Placeholder,
    ProcessSubstitution,
    RefusedError,
    Tilde,
    Word,
)

_FLAGS: Final = frozenset({"-H", "-L", "-P", "-O0", "-O1", "-O2", "-O3"})
_BARE: Final = names(
    "( ) ! , -a -and -o -or -not -acl -capable -daystart -delete -depth -empty -executable -false -follow "
    "-hidden -help -ignore_readdir_race -ls -mount -nogroup -nohidden -noignore_readdir_race -noleaf -nouser "
    "-nowarn -print -print0 -printx -prune -quit -readable -rm -sparse -status -true -unique -version -warn "
    "-writable -xattr -xdev --help --version"
)
_ONE: Final = names(
    "-amin -anewer -asince -atime -cmin -cnewer -context -csince -ctime -files0-from -flags -fstype -gid "
    "-group -ilname -iname -inum -ipath -iregex -iwholename -limit -links -lname -maxdepth -mindepth -mmin "
    "-mnewer -msince -mtime -name -newer -path -perm -printf -regex -regextype -samefile -since -size -type "
    "-uid -used -user -wholename -xattrname -xtype"
) | {f"-newer{one}{other}" for one in "aBcm" for other in "aBcmt"}
_WRITING: Final = {"-fls": 1, "-fprint": 1, "-fprint0": 1, "-fprintf": 2}
_RUNNING: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_ARITY: Final = {**dict.fromkeys(_BARE, 0), **dict.fromkeys(_ONE, 1), **_WRITING}
_EXPRESSION: Final = "-(!),"


def find(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    return list(_Find(words, trusts).read())


def placed(words: Sequence[Word], text: str, *, many: bool = False) -> tuple[Word, ...]:
    """The words with the text in whose place another program puts something no longer literal."""
    return tuple(_placed(word, Placeholder(text, many)) for word in words)


def _placed(word: Word, placeholder: Placeholder) -> Word:
    text = placeholder.text
    pieces: list[Piece] = []
    for piece in word.pieces:
        if isinstance(piece, Embedded) and text in print_script(piece.script, posix=piece.posix):
            raise RefusedError("wrapper", f"`{text}` would be replaced within the text of a script")
        if not isinstance(piece, Literal) or text not in piece.text:
            pieces.append(piece)
            continue
        first, *others = piece.text.split(text)
        pieces.append(Literal(first))
        for other in others:
            pieces += [placeholder, Literal(other)]
    return joined(pieces)


class _Find:
    def __init__(self, words: Sequence[Word], trusts: Trusts) -> None:
        self._words = words
        self._trusts = trusts
        self._index = 1

    def read(self) -> Iterator[Inner]:
        self._flags()
        self._starts()
        while self._index < len(self._words):
            name = self._words[self._index].text
            self._index += 1
            if name is not None and name in _RUNNING:
                yield self._command(name)
            elif name is not None and name in _ARITY:
                yield from self._predicate(name)
            else:
                raise self._unknown(self._words[self._index - 1])

    def _flags(self) -> None:
        while self._index < len(self._words):
            text = self._words[self._index].text
            if text == "-D":
                value = self._words[self._index + 1].text if self._index + 1 < len(self._words) else None
                if not value or value[0] in _EXPRESSION:
                    raise uncertain("find", "`-D` has no value")
                self._index += 1
            elif text == "--":
                self._index += 1
                return
            elif text not in _FLAGS:
                return
            self._index += 1

    def _starts(self) -> None:
        while self._index < len(self._words):
            word = self._words[self._index]
            if word.text is not None and word.text not in ("", "-") and word.text[0] in _EXPRESSION:
                return
            if word.text is None and not self._trusts(word) and not is_path(word):
                raise self._unsure(word)
            self._index += 1

    def _unsure(self, word: Word) -> RefusedError:
        if word.globs and not word.splits:
            path = joined([Literal("./"), *word.pieces])
            return computed(word, rewritten([path if one is word else one for one in self._words]))
        if not word.single:
            return computed(word, with_quoted(self._words, word))
        better = f'a path that begins with plain text, such as `find "./{shown(word)}"`'
        return uncertain("find", f"`{shown(word)}` could become an action", better)

    def _predicate(self, name: str) -> Iterator[Inner]:
        arguments = self._words[self._index : self._index + _ARITY[name]]
        self._index += _ARITY[name]
        if len(arguments) < _ARITY[name]:
            raise uncertain("find", f"`{name}` lacks an argument")
        for word in arguments:
            self._argument(word)
        if name in _WRITING:
            yield InnerOutput(arguments[0])

    def _argument(self, word: Word) -> None:
        if not word.single:
            raise computed(word, with_quoted(self._words, word))

    def _command(self, name: str) -> InnerCommand:
        start = end = self._index
        while not self._ends(name, start, end):
            end += 1
        if end == start:
            raise uncertain("find", f"`{name}` has no command")
        self._index = end + 1
        moves = name.endswith("dir")
        words = placed(self._words[start:end], "{}", many=self._words[end].text == "+")
        return InnerCommand(start, end, words, moves=moves)

    def _ends(self, name: str, start: int, end: int) -> bool:
        """Whether the command ends at this word; refuse one that only might."""
        if end >= len(self._words):
            raise uncertain("find", f"`{name}` has no end; write `\\;` behind its command")
        word = self._words[end]
        if word.text == "+" and end > start:
            last = self._words[end - 1]
            if last.text == "{}" and name in ("-exec", "-execdir"):
                return True
            raise uncertain("find", "a `+` could end the command")  # for busybox, every `+` does
        if word.text is None and not self._stays(word) and not self._is_last(end):
            better = None if word.single else with_quoted(self._words, word)
            raise uncertain("find", f"`{shown(word)}` could end the command of `{name}`", better)
        return word.text == ";"

    def _is_last(self, index: int) -> bool:
        """Whether a single word is followed by the names of files only.

        Then GNU's find refuses the line if the word is `;`, and bfs takes those names for starting points.
        """
        if not self._words[index].single:
            return False
        following = (word.text for word in self._words[index + 1 :])
        return next((text for text in following if text != "{}"), None) in (";", "+")

    def _stays(self, word: Word) -> bool:
        """Whether no value of a computed word is `;`, `+` or `{}`."""
        if word.splits:
            return False
        literal = "".join(piece.text for piece in word.pieces if isinstance(piece, Literal))
        fixed = isinstance(word.pieces[0], Embedded | ProcessSubstitution | Tilde)
        return fixed or not set(literal) <= set(";+{}") or self._trusts(word)

    def _unknown(self, word: Word) -> RefusedError:
        if word.text is None:
            return uncertain("find", f"`{shown(word)}` could become an action")
        return RefusedError("wrapper", f"`{word.text}` is no predicate of `find` that is known here")


def is_path(word: Word) -> bool:
    """Whether every word that it expands to begins like a path."""
    return _begins(word.pieces[0]) and not any(map(_breaks, word.pieces))


def _begins(piece: Piece) -> bool:
    match piece:
        case Literal(text):
            return text[:1] not in ("", *_EXPRESSION)
        case Parameter("HOME" | "PWD", quoted=True, subscript="", operator=""):
            return True
        case Brace(alternatives):
            return all(map(is_path, alternatives))
        case Tilde() | ProcessSubstitution():
            return True
        case _:
            return False


def _breaks(piece: Piece) -> bool:
    """Whether a part of the piece's value could become a word of its own."""
    if isinstance(piece, Brace):
        return any(_breaks(part) for alternative in piece.alternatives for part in alternative.pieces)
    return not isinstance(piece, BraceRange) and Word((piece,)).splits
