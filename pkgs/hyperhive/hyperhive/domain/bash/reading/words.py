"""Reads words by Bash's own quoting rules."""

import re
from abc import abstractmethod
from collections.abc import Iterable
from typing import Final, NamedTuple

from hyperhive.domain.bash.reading.braces import Bare, Item, Unquoted, expanded_braces
from hyperhive.domain.bash.reading.expansions import ExpansionReader, Quoting
from hyperhive.domain.bash.reading.source import END, plain, raw
from hyperhive.domain.bash.script import (
    Arithmetic,
    Brace,
    BraceRange,
    Literal,
    Parameter,
    Pattern,
    Piece,
    Substitution,
    Tilde,
    UnparsableError,
    Word,
    literal_word,
)

_METACHARACTERS: Final = r" \t\n;&|()<>\3"
_RUN: Final = re.compile(rf"""[^{_METACHARACTERS}\\'"$`]++""")
_RUN_IN_BRACES: Final = re.compile(r"""[^\\'"$`}\3]++""")
_RUN_TO_SLASH: Final = re.compile(r"""[^\\'"$`}/\3]++""")
#: A whole word that means nothing but itself.
PLAIN: Final = re.compile(r"([A-Za-z0-9_./:@%+,^=\-\]}]++)(?=[ \t\n;&|()\3]|[<>](?!\0*+\())")
#: Text without quotes and expansions that is a word of its own.
_BARE: Final = re.compile(r"""([^ \t\n;&|()<>\\'"$`\3]++)(?=[ \t\n;&|()<>\3])""")
_PLAIN_TEXT: Final = re.compile(r"[A-Za-z0-9_./:@%+=-]+")
_DOUBLE: Final = re.compile(r'[^"\\$`\3]++')
_HEREDOC: Final = re.compile(r"[^\\$`\3]++")
_DEFAULT: Final = re.compile(r"""[^"'\\$`}\3]++""")
PROCESS: Final = re.compile(r"[<>]\0*+\(")

_TILDE: Final = re.compile(r"~([A-Za-z0-9_.+-]*)(?=[/:]|\Z)")
_USER: Final = re.compile(r"[a-z_][a-z0-9_.-]*|[+-]?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_MATCH: Final = re.compile(r"(&+)")
_WILDCARD: Final = re.compile(r"[*?]+|\[")
_BRACKET: Final = re.compile(r"\[[!^]?+\]?+(?:\[:[a-z]++:\]|[^\]])*+\]")
_GLOB: Final = re.compile(rf"(?:[*?]|{_BRACKET.pattern})+")
_IN_BRACKET: Final = re.compile(r"([A-Za-z0-9_./:@%+,*?!^=\[\]-]+)|[^A-Za-z0-9_./:@%+,*?!^=\[\]-]+")
_QUOTE_BRACKET: Final = "put the bracket in quotes if it stands for itself"
_QUOTED_IN_BRACKET: Final = re.compile(r"([A-Za-z0-9_.:@%+,*?=]+)|[^A-Za-z0-9_.:@%+,*?=]+")


class Place(NamedTuple):
    """How a word is read where it stands."""

    run: re.Pattern[str] = _RUN
    quoting: Quoting = Quoting.NONE
    globs: bool = False
    braces: bool = False
    tilde: bool = True
    #: A tilde may also stand behind a colon.
    colons: bool = False

    @property
    def quoted(self) -> bool:
        return self.quoting is Quoting.SINGLE


ARGUMENT: Final = Place(globs=True, braces=True)
TARGET: Final = Place(globs=True)
VALUE: Final = Place(quoting=Quoting.SINGLE, colons=True)
#: Of an argument that is an assignment: braces are read, to be refused.
DECLARED: Final = VALUE._replace(braces=True)
SINGLE: Final = Place(quoting=Quoting.SINGLE)
PATTERN: Final = Place(globs=True)
_SPLIT_DEFAULT: Final = Place(_RUN_IN_BRACES, globs=True)
_SINGLE_DEFAULT: Final = Place(_RUN_IN_BRACES, Quoting.SINGLE)
_TRIM: Final = Place(_RUN_IN_BRACES, globs=True)
_SEARCH: Final = Place(_RUN_TO_SLASH, globs=True)
_REPLACEMENT: Final = Place(_RUN_IN_BRACES)


class WordReader(ExpansionReader):
    def __init__(self, text: str, *, posix: bool, depth: int, nested: bool) -> None:
        super().__init__(text, posix=posix, depth=depth, nested=nested)
        self._plain_words: dict[str, Word] = {}

    @abstractmethod
    def newlines(self) -> None:
        """Skip newlines, blanks and comments, and the bodies of here-documents."""

    def bare(self) -> str:
        """The text of the word at this place if it has no quotes and expansions, else nothing."""
        found = _BARE.match(self.text, self.position)
        return plain(found[1]) if found else ""

    def over_bare(self) -> None:
        self.skip(_BARE)
        self.blanks()

    def at_word(self) -> bool:
        char = self.text[self.position]
        if char in "<>":
            return PROCESS.match(self.text, self.position) is not None
        return char not in "\n;&|()\3" and not self.at_newline()

    def word(self, place: Place) -> Word:
        """Read the word at this place; it is an error if there is none."""
        if found := PLAIN.match(self.text, self.position):
            self.position = found.end()
            return self.plain_word(found[1])
        start = self.position
        items = self._items(place)
        if self.position == start:
            raise self.unparsable("a word is missing")
        return self._assembled(items, place, start)

    def plain_word(self, text: str) -> Word:
        word = self._plain_words.get(text)
        if word is None:
            word = self._plain_words[text] = literal_word(text)
        return word

    def named_value(self, place: Place) -> Word:
        """Read the value of an assignment, which may be empty."""
        start = self.position
        return self._assembled(self._items(place), place, start)

    # What stands in a word.

    def _items(self, place: Place) -> list[Item]:
        items: list[Item] = []
        while True:
            if found := self.skip(place.run):
                items.append(Unquoted(plain(found[0])))
            elif not self._item(place, items):
                return items

    def _item(self, place: Place, items: list[Item]) -> bool:
        """Read something that is no unquoted text; False at the end of the word."""
        char = self.text[self.position]
        if char == "\\":
            self.position += 2
            escaped = self.text[self.position - 1]
            if escaped == END:
                raise UnparsableError("the command line ends with a backslash")
            items.append(escaped)
        elif char == "'":
            items.append(self._single_quoted())
        elif char == '"':
            self._double_quoted(items)
        elif char in "$`":
            self._expanded(place, items)
        elif char in "<>" and PROCESS.match(self.text, self.position) and place.run is _RUN:
            items.append(self.process_substitution())
        else:
            return False
        return True

    def _expanded(self, place: Place, items: list[Item]) -> None:
        start = self.position
        piece = self.expansion(place.quoting, quoted=place.quoted)
        items.append(piece.text if isinstance(piece, Literal) else piece)
        # What braces put behind a `$` or `$x` becomes a part of it.
        if plain(self.text[start : self.position]) == "$":
            items.append(Bare("$"))
        elif (
            isinstance(piece, Parameter) and self.text[self.position - 1] != "}" and piece.name.isidentifier()
        ):
            items.append(Bare(piece.name))

    def _single_quoted(self) -> str:
        close = self.text.find("'", self.position + 1)
        if close < 0:
            raise self.unparsable("a single quote is not closed")
        text = raw(self.text[self.position + 1 : close])
        self.position = close + 1
        return text

    def _double_quoted(self, items: list[Item]) -> None:
        start = self.position
        before = len(items)
        self.position += 1
        while True:
            if found := self.skip(_DOUBLE):
                items.append(plain(found[0]))
                continue
            char = self.text[self.position]
            if char == '"':
                self.position += 1
                if len(items) == before:
                    items.append("")
                self._check_list(items[before:], start)
                return
            if char == END:
                raise self.unparsable("a double quote is not closed", position=start)
            items.append(self._escaped('$`"\\') if char == "\\" else self._quoted_piece(Quoting.DOUBLE))

    def _check_list(self, items: list[Item], start: int) -> None:
        """Refuse a list beside what can be empty: if all is, Bash makes no word of these quotes."""
        computed = not any(isinstance(item, str) and item for item in items)
        if (
            len(items) > 1
            and computed
            and any(isinstance(item, Parameter) and _is_list(item) for item in items)
        ):
            raise self.unparsable(
                "a list stands beside an expansion in quotes", "give each quotes of its own", position=start
            )

    def _quoted_piece(self, quoting: Quoting) -> Item:
        piece = self.expansion(quoting)
        return piece.text if isinstance(piece, Literal) else piece

    def _escaped(self, special: str) -> str:
        """Read a backslash and what it escapes, if that is one of the special characters."""
        following = self.text[self.position + 1]
        if following == END:
            self.position += 1
            return "\\"
        self.position += 2
        return following if following in special else f"\\{following}"

    def heredoc(self) -> Word:
        """Read the whole text as the body of a here-document in which something can be expanded."""
        items: list[Item] = []
        while True:
            if found := self.skip(_HEREDOC):
                items.append(found[0])
            elif self.text[self.position] == END:
                return merged(items)
            elif self.text[self.position] == "\\":
                items.append(self._escaped("$`\\"))
            else:
                items.append(self._quoted_piece(Quoting.HEREDOC))

    # The words of `${…}`.

    def default(self, quoting: Quoting, operator: str) -> Word:
        if quoting in {Quoting.DOUBLE, Quoting.HEREDOC}:
            return self._quoted_default(quoting)
        start = self.position
        place = _SPLIT_DEFAULT if quoting is Quoting.NONE else _SINGLE_DEFAULT
        items = self._items(place)
        texts = [item for item in items if isinstance(item, Unquoted)]
        if (
            quoting is Quoting.NONE
            and operator[-1] != "?"
            and any(set(text) & set(" \t\n") for text in texts)
        ):
            raise self.unparsable("the expansion can split", "put it in double quotes", position=start)
        return self._assembled(items, place, start)

    def _quoted_default(self, quoting: Quoting) -> Word:
        items: list[Item] = []
        inner = False
        while True:
            char = self.text[self.position]
            if found := self.skip(_DOUBLE if inner else _DEFAULT):
                if not inner and PROCESS.search(found[0]):
                    raise self.unparsable("a process substitution stands in `${…}`", position=found.start())
                items.append(plain(found[0]))
            elif char == '"':
                self.position += 1
                inner = not inner
            elif char == "\\":
                if inner and self.text[self.position + 1] not in '$`"\\':
                    raise self.unparsable(
                        "a backslash stands in quotes in `${…}`", "leave out the inner quotes"
                    )
                items.append(self._escaped('$`"\\' if inner else '$`"\\}'))
            elif char in "$`":
                items.append(self._quoted_piece(quoting))
            elif char == "}":
                return merged(items)
            else:
                raise self.unparsable("a quote stands in `${…}` in double quotes", "use double quotes there")

    def trimming(self) -> Word:
        start = self.position
        return self._assembled(self._items(_TRIM), _TRIM, start)

    def searching(self, *, tilde: bool) -> Word:
        start = self.position
        place = _SEARCH._replace(tilde=tilde)
        return self._assembled(self._items(place), place, start)

    def replacing(self) -> Word:
        start = self.position
        items = [part for item in self._items(_REPLACEMENT) for part in _matches(item)]
        return self._assembled(items, _REPLACEMENT, start)

    # From items to pieces.

    def _assembled(self, items: list[Item], place: Place, start: int) -> Word:
        if place.run is not _RUN and any(
            PROCESS.search(item) for item in items if isinstance(item, Unquoted)
        ):
            raise self.unparsable("a process substitution stands in `${…}`", position=start)
        try:
            return self._from_items(items, place)
        except UnparsableError as error:
            raise UnparsableError(f"{error} at `{self.here(start)}`", error.instead) from None

    def _from_items(self, items: list[Item], place: Place) -> Word:
        if place.braces:
            expanded = expanded_braces(
                items, lambda part: self._from_items(part, TARGET._replace(tilde=False))
            )
            if expanded is not items:
                self.bash_only("{…}", "write out the words")
                if any(_hides_braces(item) for item in items):
                    raise UnparsableError("an expansion stands beside braces", "put it in a variable first")
            items = expanded
        if place.tilde and items:
            items = self._tildes(items, place)
            if place.run is not _RUN:
                items = [_home(item) if isinstance(item, Tilde) else item for item in items]
        if place.globs:
            items = _globs(items)
            if self.posix and any(isinstance(item, Pattern) and "[^" in item.text for item in items):
                raise UnparsableError("`[^…]` means something else in sh", "write `[!…]`")
        word = merged(items)
        if place.braces and _opens_element(word.pieces):
            raise UnparsableError("an expansion stands in a bracket", "put it in double quotes")
        if not place.quoted and _lone_quotes(items, place):
            raise UnparsableError("empty quotes stand beside an expansion", "put it in double quotes")
        return word

    def _tildes(self, items: list[Item], place: Place) -> list[Item]:
        first = items[0]
        named = _NAMED.match(first) if place.braces and isinstance(first, Unquoted) else None
        if named and "~" in named.string:
            self.bash_only("name=~", "write `$HOME`")
        colons = place.colons or named is not None
        done: list[Item] = []
        for index, item in enumerate(items):
            if isinstance(item, Unquoted) and "~" in item:
                beginning = -1 if index else named.end() if named else 0
                done += _split_at_tildes(item, items[index + 1 : index + 2], beginning, colons=colons)
            else:
                done.append(item)
        return done


def _split_at_tildes(text: Unquoted, following: list[Item], beginning: int, *, colons: bool) -> list[Item]:
    """Find tildes at the beginning of the word or value, or behind a colon."""
    done: list[Item] = []
    position = 0
    for found in _TILDE.finditer(text):
        start, end = found.span()
        if start != beginning and not (colons and text[start - 1 : start] == ":"):
            continue
        if end == len(text) and following:
            if isinstance(following[0], Brace | BraceRange):
                raise UnparsableError("a tilde stands before braces", "write `$HOME`")
            continue
        if not _USER.fullmatch(found[1]):
            raise UnparsableError("a tilde is not understood", "put it in quotes")
        if start > position:
            done.append(Unquoted(text[position:start]))
        done.append(Tilde(found[1]))
        position = end
    if position < len(text):
        done.append(Unquoted(text[position:]))
    return done


def _is_list(parameter: Parameter) -> bool:
    return parameter.operator != "length" and "@" in {parameter.name, parameter.subscript}


def _lone_quotes(items: list[Item], place: Place) -> bool:
    """Whether empty quotes would be a word of their own where the word can split."""
    if "" not in items:
        return False
    parts: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, str):
            parts[-1].append(item)
        elif isinstance(item, Bare):
            continue
        elif Word((item,)).splits:
            parts.append([])
        else:
            parts[-1].append(item)
    can_split = len(parts) > 1 or place is _SPLIT_DEFAULT
    return can_split and any(part and not any(part) for part in parts)


def _matches(item: Item) -> list[Item]:
    """Unquoted, `&` in a replacement is what was found."""
    if not isinstance(item, Unquoted):
        return [item]
    return [Pattern(part) if part[0] == "&" else Unquoted(part) for part in _MATCH.split(item) if part]


def _home(tilde: Tilde) -> Parameter:
    """What a tilde is in `${…}`, where it has no form that is read in one way only."""
    if tilde.user:
        raise UnparsableError("a tilde stands in `${…}`", "write out the directory")
    return Parameter("HOME", quoted=True)


def _hides_braces(item: Item) -> bool:
    """In `"${x:-"a"}"` Bash takes what is in the middle for unquoted when it looks for braces."""
    if not isinstance(item, Parameter) or not item.quoted:
        return False
    words = [word for word in (item.argument, item.replacement) if word is not None]
    return any(_PLAIN_TEXT.fullmatch(word.text or "$") is None for word in words if word.text != "")


def _globs(items: list[Item]) -> list[Item]:
    """Find wildcards; a bracket can go over several items."""
    done: list[Item] = []
    closers = sum(item.count("]") for item in items if isinstance(item, Unquoted))
    inside = False
    for item in items:
        if isinstance(item, Unquoted):
            closers -= item.count("]")
            inside = _wildcards(item, done, inside=inside, later=closers > 0)
        elif not inside or isinstance(item, Bare):
            done.append(item)
        elif isinstance(item, str):
            done += _bracketed(item, _QUOTED_IN_BRACKET)
        elif isinstance(item, Parameter | Substitution | Arithmetic):
            done.append(item)
        else:
            raise UnparsableError("a bracket holds something that must not stand there", _QUOTE_BRACKET)
    return done


def _wildcards(text: Unquoted, done: list[Item], *, inside: bool, later: bool) -> bool:
    """Split unquoted text at wildcards; whether it ends inside of a bracket."""
    position = 0
    if inside:
        position = text.find("]") + 1 or len(text)
        done += _bracketed(text[:position], _IN_BRACKET)
        if text[position - 1] != "]":
            return True
    last = text.rfind("]")
    while found := _WILDCARD.search(text, position):
        start, end = found.span()
        done.append(Unquoted(text[position:start]))
        position = end
        if found[0] != "[":
            done.append(Pattern(found[0]))
        elif last > start + 1 and (bracket := _BRACKET.match(text, start)):
            done += _bracketed(bracket[0], _IN_BRACKET)
            position = bracket.end()
        elif later:
            done += _bracketed(text[start:], _IN_BRACKET)
            return True
        else:
            done.append(Unquoted("["))
    done.append(Unquoted(text[position:]))
    return False


def _opens_element(pieces: tuple[Piece, ...]) -> bool:
    """It begins like the element of an array, or that of a list of some, with an expansion in it."""
    named = isinstance(pieces[0], Literal) and _NAME.fullmatch(pieces[0].text) is not None
    opening = pieces[1] if named and len(pieces) > 1 else pieces[0]
    return isinstance(opening, Pattern) and opening.text[0] == "[" and _GLOB.fullmatch(opening.text) is None


def _bracketed(text: str, of_pattern: re.Pattern[str]) -> list[Item]:
    """Split what stands in a bracket into what has a meaning there, and text that is a member of it."""
    return [Pattern(found[0]) if found[1] else found[0] for found in of_pattern.finditer(text)]


def merged(items: Iterable[Item]) -> Word:
    """A word of these items: no two literals and no two patterns touch each other."""
    pieces: list[Piece] = []
    texts: list[str] = []
    patterns: list[str] = []
    for item in items:
        if isinstance(item, Bare) or item == "" or (isinstance(item, Pattern) and not item.text):
            continue
        if texts and not isinstance(item, str):
            pieces.append(Literal("".join(texts)))
            texts.clear()
        if patterns and not isinstance(item, Pattern):
            pieces.append(Pattern("".join(patterns)))
            patterns.clear()
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, Pattern):
            patterns.append(item.text)
        else:
            pieces.append(item)
    if patterns:
        pieces.append(Pattern("".join(patterns)))
    if texts or not pieces:
        pieces.append(Literal("".join(texts)))
    return Word(tuple(pieces))
