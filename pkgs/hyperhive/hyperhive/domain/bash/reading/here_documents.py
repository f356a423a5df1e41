"""Reads redirections and the bodies of here-documents."""

import re
from dataclasses import dataclass
from typing import Final

from hyperhive.domain.bash.reading.conditions import ConditionReader
from hyperhive.domain.bash.reading.source import EDITED, JOINED, plain, raw, spread
from hyperhive.domain.bash.reading.words import ARGUMENT, SINGLE
from hyperhive.domain.bash.script import (
    Brace,
    BraceRange,
    Literal,
    Redirection,
    UnparsableError,
    Word,
    literal_word,
)

_REDIRECTION: Final = re.compile(
    r"([0-9][0-9\0]*+)?("
    + spread("<<<", "<<-", "<<", "<&", "<>", ">>", ">|", ">&")
    + r"|[<>]\0*+(?!\())|("
    + spread("&>>", "&>")
    + ")"
)
_NAMED_DESCRIPTOR: Final = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*+\}[<>]")
_DESCRIPTOR: Final = re.compile(r"[0-9]+|-")
_MOVED: Final = re.compile(r"[0-9]+-")
_DELIMITER: Final = re.compile(r"""(?:[^ \t\n;&|()<>\3\\'"$`]|'[^'\3]*+'|"[^"\\$`\3]*+"|\\[^\3])++""")
_UNQUOTED_DELIMITER: Final = re.compile(r"""\\(.)|'([^']*)'|"([^"]*)\"""", re.DOTALL)
_TABS: Final = re.compile(r"^\t+", re.MULTILINE)


@dataclass(slots=True)
class _HereDocument:
    """Its redirection stands in the tree already and is completed once the body is read."""

    redirection: Redirection
    delimiter: str
    quoted: bool
    #: `<<-`: tabs at the beginning of its lines do not count.
    tabs: bool


class RedirectionReader(ConditionReader):
    def __init__(self, text: str, *, posix: bool, depth: int, nested: bool) -> None:
        super().__init__(text, posix=posix, depth=depth, nested=nested)
        #: Here-documents whose bodies begin behind the next newline.
        self.pending: list[_HereDocument] = []

    def newlines(self) -> None:
        self.blanks()
        while self.at_newline():
            self.position += 1
            self._bodies()
            self.blanks()

    def redirection(self, redirections: list[Redirection]) -> bool:
        start = self.position
        char = self.text[start]
        if char == "{" and _NAMED_DESCRIPTOR.match(self.text, start):
            raise self.unparsable("a redirection names its descriptor", "write a number, as in `3>`")
        if char not in "<>&0123456789":
            return False
        found = self.skip(_REDIRECTION)
        if found is None:
            return False
        descriptor, operator = plain(found[1] or ""), plain(found[2] or found[3])
        if len(descriptor) > 3:
            raise self.unparsable("a descriptor is too large", position=start)
        if operator in {"&>", "&>>", "<<<"}:
            self.bash_only(operator, "write `> … 2>&1`" if operator != "<<<" else "use a here-document")
        usual = 0 if operator[0] == "<" else 1
        number = int(descriptor) if descriptor and int(descriptor) != usual else None
        self.blanks()
        if operator in {"<<", "<<-"}:
            redirections.append(self._here_document(number, tabs=operator == "<<-"))
        else:
            target = self._target(operator, start, named=bool(descriptor))
            redirections.append(Redirection(number, operator, target))
        return True

    def _target(self, operator: str, start: int, *, named: bool) -> Word:
        if not self.at_word():
            raise self.unparsable(f"nothing stands behind `{operator}`", position=start)
        if operator == "<<<":
            return self.word(SINGLE)
        if operator in {"<&", ">&"}:
            word = self.word(SINGLE)
            self._check_duplicate(operator, word.text, start, named=named)
            return word
        word = self.word(ARGUMENT)
        if any(isinstance(piece, Brace | BraceRange) for piece in word.pieces):
            raise self.unparsable("a redirection goes to braces", "put them in quotes", position=start)
        return word

    def _check_duplicate(self, operator: str, text: str | None, start: int, *, named: bool) -> None:
        if text is None or _DESCRIPTOR.fullmatch(text):
            return
        if _MOVED.fullmatch(text):
            instead = f"duplicate it and close it: `{operator}{text[:-1]} {text[:-1]}{operator}-`"
            raise self.unparsable("a descriptor is moved", instead, position=start)
        if operator == "<&" or named:
            raise self.unparsable("a descriptor is missing", "write `> file 2>&1`", position=start)
        self.bash_only(">&", f"write `> {text} 2>&1`")

    # Here-documents.

    def _here_document(self, descriptor: int | None, *, tabs: bool) -> Redirection:
        found = self.skip(_DELIMITER)
        delimiter = _UNQUOTED_DELIMITER.sub(_unquoted, found[0]) if found else ""
        certain = found is not None and not set(delimiter) & set("\\\n\0")
        if found is None or not certain or self.text[self.position] not in " \t\n\0;&|<>)\3":
            raise self.unparsable("the delimiter of a here-document is no plain word", "write `<<'EOF'`")
        redirection = Redirection(descriptor, "<<", literal_word(""))
        quoted = delimiter != plain(found[0])
        self.pending.append(_HereDocument(redirection, plain(delimiter), quoted=quoted, tabs=tabs))
        return redirection

    def _bodies(self) -> None:
        if not self.pending:
            return
        for document in self.pending:
            word = self._body(document)
            text = word.text
            if text is not None and not self.nested and not EDITED.search(text):
                self._complete(document, "<<", word)
                continue
            if self.posix:
                instead = f"quote the delimiter: `<<'{document.delimiter}'`" if text is None else None
                raise UnparsableError("a here-document here means something else in sh", instead)
            if text == "":
                self._complete(document, "<", literal_word("/dev/null"))
            else:
                self._complete(document, "<<<", _without_last_newline(word))
        self.pending.clear()

    @staticmethod
    def _complete(document: _HereDocument, operator: str, target: Word) -> None:
        # Nobody has seen the redirection yet.
        object.__setattr__(document.redirection, "operator", operator)
        object.__setattr__(document.redirection, "target", target)

    def _body(self, document: _HereDocument) -> Word:
        start = self.position
        end = self._end_of_body(document)
        text = self.text[start:end]
        text = raw(text) if document.quoted else plain(text)
        if document.tabs:
            text = _TABS.sub("", text)
        line = f"\n{document.delimiter}"
        joined = JOINED in self.text[start:end] and not document.quoted and f"{line}\n" in f"\n{text}"
        if joined or (self.nested and document.delimiter and line in f"\n{text}"):
            raise UnparsableError(f"it is not certain where the here-document `{document.delimiter}` ends")
        if document.quoted:
            return literal_word(text)
        return type(self)(text, posix=self.posix, depth=self.depth, nested=True).heredoc()

    def _end_of_body(self, document: _HereDocument) -> int:
        """Go behind the line with the delimiter; returns where that line begins."""
        start = position = self.position
        size = len(document.delimiter)
        while (position := self.text.find(document.delimiter, position)) >= 0:
            end = position + size
            begin = position
            while document.tabs and begin > start and self.text[begin - 1] == "\t":
                begin -= 1
            before = self.text[begin - 1]
            begins = begin == start or before == "\n" or (before == JOINED and document.quoted)
            if begins and self.text[end] in "\n\3":
                self.position = end + (self.text[end] == "\n")
                return begin
            position += 1
        raise UnparsableError(
            f"the here-document `{document.delimiter}` has no end",
            f"end it with a line that is exactly `{document.delimiter}`",
        )


def _unquoted(found: re.Match[str]) -> str:
    return next((text for text in found.groups() if text is not None), "")


def _without_last_newline(word: Word) -> Word:
    *pieces, last = word.pieces
    if not isinstance(last, Literal) or not last.text.endswith("\n"):
        raise UnparsableError("a here-document has no last line")
    text = last.text[:-1]
    return Word((*pieces, Literal(text))) if text or not pieces else Word(tuple(pieces))
