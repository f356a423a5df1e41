"""Simple commands with the redirections, here-strings and here-documents around them."""

import re
from collections.abc import Sequence
from typing import Final

from tree_sitter import Node

from hyperhive.domain.bash_heredocs import heredoc_head, locate_heredoc
from hyperhive.domain.bash_parts import Redirection, SimpleCommand
from hyperhive.domain.bash_refusals import UnparsableError
from hyperhive.domain.bash_walk import BASH_ONLY, Walk, substitutions
from hyperhive.domain.bash_words import Word, literal_word

_DESCRIPTOR: Final = re.compile(r"[0-9]+-?|-")
_LOST_DASH: Final = re.compile(r"[ \t]+-[ \t]+")  # the grammar drops the `-` of `python - <<EOF`
_REDIRECTS: Final = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})


class RedirectionWalk(Walk):
    """The part of the walk that knows commands and redirections."""

    def command(self, node: Node, depth: int) -> None:
        """Take one simple command."""
        words = self._command_words(node, depth)
        self._note_command(words)

    def redirected(self, node: Node, depth: int) -> None:
        """Take a statement followed by redirections, or redirections alone."""
        children = node.children
        body = children[0]
        words: list[Word] = []
        if body.type == "command":
            words = self._command_words(body, depth)
        elif body.type not in _REDIRECTS:
            self.statement(body, depth)
        redirects = children if body.type in _REDIRECTS else children[1:]
        if sum(redirect.type == "heredoc_redirect" for redirect in redirects) > 1:
            raise UnparsableError("one command has several here-documents")
        end = body.start_byte if body.type in _REDIRECTS else body.end_byte
        for redirect in redirects:
            if body.type == "command" and _LOST_DASH.fullmatch(self.source, end, redirect.start_byte):
                words.append(literal_word("-"))
            else:
                self.gap(end, redirect.start_byte, newlines=False)
            end = redirect.end_byte
            extra = self._redirect(redirect, depth)
            if extra and body.type != "command":
                raise UnparsableError("words follow the redirection of more than one command")
            words += extra
        self._note_command(words, heredoc_only=_reads_only_heredoc(redirects))

    def file_redirect(self, node: Node, depth: int) -> None:
        """Take a redirection that stands alone, as in `$(< file)`."""
        self._note_command(self._file_redirect(node, depth))

    def _note_command(self, words: list[Word], *, heredoc_only: bool = False) -> None:
        if words:
            self.parts.append(SimpleCommand(tuple(words), heredoc_only=heredoc_only))

    def _command_words(self, node: Node, depth: int) -> list[Word]:
        words: list[Word] = []
        end = node.start_byte
        for child in node.children:
            self.gap(end, child.start_byte, newlines=False)
            end = child.end_byte
            if child.type == "variable_assignment":
                self.assignment(child)
            elif child.type in _REDIRECTS:
                words += self._redirect(child, depth)
            else:
                words.append(self.word(child, depth))
        return words

    def assignment(self, node: Node) -> None:
        """Note an assignment."""
        self.problem(
            "assignment", f"`{self.text(node)}` is refused: it can change what an allowed program runs"
        )

    def _redirect(self, node: Node, depth: int) -> list[Word]:
        """Take one redirection and return the words that follow it."""
        match node.type:
            case "file_redirect":
                return self._file_redirect(node, depth)
            case "herestring_redirect":
                self._herestring(node, depth)
            case "heredoc_redirect":
                self._heredoc(node, depth)
            case _:
                raise UnparsableError("this combination of redirections is not supported")
        return []

    def _file_redirect(self, node: Node, depth: int) -> list[Word]:
        """Note a redirection; the grammar puts arguments that follow it inside it, and they are returned."""
        operator, operands = self._operator(node)
        end = operator.end_byte
        words = []
        for operand in operands:
            self.gap(end, operand.start_byte, newlines=False)
            end = operand.end_byte
            words.append(self.word(operand, depth))
        if operator.type in (">&-", "<&-"):
            return words
        if not words:
            raise UnparsableError("a redirection has no target")
        target = words.pop(0)
        if operands[0].type != "process_substitution" and not _duplicates(operator.type, target):
            self.parts.append(Redirection(operator.type, target))
        return words

    def _operator(self, node: Node) -> tuple[Node, list[Node]]:
        """Return a redirection's operator and what follows it."""
        children = node.children
        if children[0].type == "file_descriptor":
            descriptor, *children = children
            digits = self.source[descriptor.start_byte : descriptor.end_byte]
            if not digits.isdigit() or descriptor.end_byte != children[0].start_byte:
                raise UnparsableError("a redirection's descriptor is not a number")
        operator, *operands = children
        if operator.is_named or (self.posix and operator.type in BASH_ONLY):
            raise UnparsableError("a redirection is not supported here")
        return operator, operands

    def _herestring(self, node: Node, depth: int) -> None:
        operator, operands = self._operator(node)
        if operator.type != "<<<" or len(operands) != 1:
            raise UnparsableError("a here-string could not be read")
        self.gap(operator.end_byte, operands[0].start_byte, newlines=False)
        self.word(operands[0], depth)

    def _heredoc(self, node: Node, depth: int) -> None:
        """Take a here-document and what follows its delimiter on the same line."""
        operator, operands = self._operator(node)
        found = locate_heredoc(self.source, operator, operands)
        end = operands[0].end_byte
        expects_statement = False
        for child in found.head:
            self.gap(end, child.start_byte, newlines=False)
            end = child.end_byte
            if child.type == "file_redirect":
                if self._file_redirect(child, depth):
                    raise UnparsableError("words follow a here-document's delimiter")
            elif not child.is_named:
                self.token(child)
                expects_statement = True
            elif child.type == "pipeline" or expects_statement:
                self.statement(child, depth)
                expects_statement = False
            else:
                raise UnparsableError("words follow a here-document's delimiter")
        if not found.literal:
            nodes = {} if found.body is None else substitutions(found.body)
            self.nested(self.reader.heredoc(found.start, found.end, nodes), depth)


def _reads_only_heredoc(redirects: Sequence[Node]) -> bool:
    """Return whether the input is a here-document, and no file or here-string."""
    nodes = list(redirects)
    for redirect in redirects:
        nodes += heredoc_head(redirect.children) if redirect.type == "heredoc_redirect" else ()
    inputs = [node.type for node in nodes if node.type in _REDIRECTS and not _is_output(node)]
    return inputs == ["heredoc_redirect"]


def _is_output(redirect: Node) -> bool:
    operators = [child.type for child in redirect.children if not child.is_named]
    return redirect.type == "file_redirect" and operators[:1] != [] and "<" not in operators[0]


def _duplicates(operator: str, target: Word) -> bool:
    """Return whether a descriptor is duplicated, moved or closed, rather than a file opened."""
    return (
        operator in (">&", "<&")
        and target.text is not None
        and _DESCRIPTOR.fullmatch(target.text) is not None
    )
