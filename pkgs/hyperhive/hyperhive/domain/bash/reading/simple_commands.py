"""Reads simple commands: assignments, words and redirections in any order."""

import re
from typing import Final

from hyperhive.domain.bash.reading.here_documents import RedirectionReader
from hyperhive.domain.bash.reading.source import plain
from hyperhive.domain.bash.reading.words import ARGUMENT, DECLARED, PLAIN, VALUE, merged
from hyperhive.domain.bash.script import (
    Assignment,
    Brace,
    BraceRange,
    Literal,
    Redirection,
    RefusedError,
    SimpleCommand,
    Word,
)

RESERVED: Final = frozenset(
    {"if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "function"}
    | {"select", "coproc", "!", "{", "}", "[["}
)
_NAMED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_\0]*+)(?=[\[+=])")
_EQUALS: Final = re.compile(r"(\+\0*+)?=")
_ASSIGNING: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_DECLARATIONS: Final = frozenset({"declare", "export", "local", "readonly", "typeset"})


class SimpleCommandReader(RedirectionReader):
    def simple(self) -> SimpleCommand:
        start = self.position
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            if self._plain(words) or self.redirection(redirections):
                pass
            elif not words and (assignment := self._assignment()):
                assignments.append(assignment)
            elif self.at_word():
                words.append(self._argument(words))
            else:
                break
            self.blanks()
        if self.text[self.position] == "(":
            timed = len(words) == 1 and words[0].text == "time"
            raise self._timed(start) if timed else self.parenthesis()
        if not assignments and not words and not redirections:
            raise self.unexpected()
        if words and any(isinstance(assignment.value, tuple) for assignment in assignments):
            instead = "write the array as a command of its own"
            raise self.unparsable("an array stands before a command", instead, position=start)
        if words and words[0].text == "time":
            self._check_time(words, start)
        return SimpleCommand(tuple(assignments), tuple(words), tuple(redirections))

    def _plain(self, words: list[Word]) -> bool:
        """Read a word that is nothing but its text, the most common one."""
        found = PLAIN.match(self.text, self.position)
        if found is None or (not words and "=" in found[1]):
            return False
        following = self.text[found.end()]
        if following == "(" or (following in "<>" and found[1].isdecimal()):
            return False
        self.position = found.end()
        words.append(self.plain_word(found[1]))
        return True

    def _argument(self, words: list[Word]) -> Word:
        for word in words[:3]:
            if word.text in _DECLARATIONS:
                return self._declared()
            if word.text not in {"command", "builtin"}:
                break
        return self.word(ARGUMENT)

    def _declared(self) -> Word:
        """Read an argument of `export` and the like: what looks like an assignment is read as one."""
        start = self.position
        found = self.skip(_NAMED)
        if found is None:
            return self.word(ARGUMENT)
        equals = self.skip(_EQUALS)
        if equals is None and self.text[self.position] == "+":
            self.position = start
            return self.word(ARGUMENT)
        if equals is None or self.text[self.position] == "(":
            instead = f"write `{plain(found[1])}=(…)` as a command of its own behind it"
            raise self.unparsable("an array stands behind the name of a command", instead, position=start)
        word = self.named_value(DECLARED)
        if any(isinstance(piece, Brace | BraceRange) for piece in word.pieces):
            raise self.unparsable("braces stand in an assignment", "put them in quotes", position=start)
        pieces = [piece.text if isinstance(piece, Literal) else piece for piece in word.pieces]
        return merged([plain(found[1] + equals[0]), *pieces])

    def _check_time(self, words: list[Word], start: int) -> None:
        timed = [word.text for word in words[1:] if word.text not in {"-p", "--"}]
        if not timed:
            raise self.unparsable("`time` has no command", position=start)
        inner = timed[0]
        if inner in RESERVED:
            raise self._timed(start)
        if inner and _ASSIGNING.match(inner):
            raise self.unparsable("`time` stands before an assignment", f"write `time env {inner} …`")

    def _timed(self, start: int) -> RefusedError:
        instead = "write `time bash -c '…'`"
        return self.unparsable("`time` stands before a compound command", instead, position=start)

    def unexpected(self) -> RefusedError:
        bare = self.bare()
        if bare in RESERVED:
            return self.unparsable(f"`{bare}` stands where it means nothing")
        if self.text[self.position] == "(":
            return self.parenthesis()
        return self.unparsable("a command is missing" if self.here() == "" else "the text was not understood")

    def parenthesis(self) -> RefusedError:
        before = self.text[self.position - 1 : self.position]
        if before and before in "?*+@!":
            instead = "write for example `find . -maxdepth 1 ! -name '*.py'`"
            return self.unparsable("a pattern with parentheses", instead, position=self.position - 1)
        return self.unparsable("an unquoted `(`", "put it in quotes")

    # Assignments.

    def _assignment(self) -> Assignment | None:
        start = self.position
        found = self.skip(_NAMED)
        if found is None:
            return None
        name, subscript = plain(found[1]), ""
        if self.text[self.position] == "[":
            self.bash_only("name[…]=")
            subscript = self._place(start, name)
        equals = self.skip(_EQUALS)
        if equals is None and not subscript:
            self.position = start
            return None
        if equals is None:
            raise self.unparsable(
                "a bracket stands in the name of a command", "put it in quotes", position=start
            )
        if equals[1]:
            self.bash_only("+=", f"write `{name}=${{{name}}}…`")
        value: Word | tuple[Word, ...] = (
            self._array() if self.text[self.position] == "(" else self.named_value(VALUE)
        )
        if subscript and isinstance(value, tuple):
            raise self.unparsable("an array stands in an element of an array", position=start)
        return Assignment(name, subscript, bool(equals[1]), value)

    def _place(self, start: int, name: str) -> str:
        subscript = self.subscript()
        if subscript is None or subscript in {"@", "*"}:
            reason = f"the subscript at `{self.here(start)}` is not one of the simple forms"
            raise RefusedError("expansion", reason, f"compute it first: `i=…; {name}[i]=…`")
        return subscript

    def _array(self) -> tuple[Word, ...]:
        start = self.position
        self.bash_only("name=(…)")
        self.position += 1
        words: list[Word] = []
        self.newlines()
        while self.at_word():
            if self.text[self.position] == "[":
                raise self.unparsable(
                    "an element of an array begins with a bracket", "write `name[key]=value`"
                )
            words.append(self.word(ARGUMENT))
            self.newlines()
        if self.text[self.position] != ")":
            raise self.unparsable("an array was not understood", position=start)
        self.position += 1
        if self.pending and "\n" in self.text[start : self.position]:
            raise self.unparsable("an array goes on behind the line of a here-document", position=start)
        if self.text[self.position] not in " \t\n\0;&|<>)\3":
            raise self.unparsable("text touches an array", position=start)
        return tuple(words)
