"""The parts of a Bash command line, in the order in which they stand.

tree-sitter-bash proposes a tree. It is believed only where every node has a known type, every gap between two
nodes is blank, and every word reads the same by Bash's own quoting rules; the rest is refused.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from hyperhive.domain.bash.builtins import check_double_brackets, check_test, harmless_name
from hyperhive.domain.bash.layout import BASH_ONLY, Layout, heredoc_head, locate_heredoc
from hyperhive.domain.bash.script import (
    Part,
    Redirection,
    Refusal,
    RefusedError,
    SimpleCommand,
    UnparsableError,
    Word,
    literal_word,
)
from hyperhive.domain.bash.words import Reading, WordReader

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 80
# The parser can take time quadratic in a broken text and holds the interpreter's lock meanwhile; what stands
# in quotes or here-documents costs it next to nothing.
_MAX_OUTSIDE_QUOTES: Final = 8 * 1024
_QUOTED: Final = re.compile(
    r"""\\.|'[^']*'|"[^"\\$`]*"|(?:^|(?<=[\s;&|()]))\#[^\n]*"""
    r"""|<<-?[ \t]*\\?['"]?(?P<delimiter>\w{1,64})\b[^\n]*+\n""",
    re.DOTALL,
)
_LANGUAGE: Final = Language(tree_sitter_bash.language())
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ASSIGNMENTS: Final = frozenset(
    {"variable_assignment", "variable_assignments", "declaration_command", "unset_command"}
)
_SEQUENCES: Final = frozenset(
    {"list", "pipeline", "negated_command", "if_statement", "elif_clause", "else_clause"}
    | {"while_statement", "do_group"}
)
_ARITHMETIC_COMMAND: Final = "`((…))` is refused: it can assign variables and run what they contain"
_CLAUSES: Final = frozenset({"elif_clause", "else_clause"})  # they hold their last separator themselves
_SUBSTITUTIONS: Final = frozenset({"command_substitution", "process_substitution"})
_DESCRIPTOR: Final = re.compile(r"[0-9]+-?|-")
_LOST_DASH: Final = re.compile(r"[ \t]+-[ \t]+")  # the grammar drops the `-` of `python - <<EOF`
_REDIRECTS: Final = frozenset({"file_redirect", "herestring_redirect", "heredoc_redirect"})


def parse_script(text: str, *, posix: bool = False, depth: int = 0) -> list[Part]:
    """What a script runs, including everything inside substitutions.

    With `posix`, what only Bash knows is refused, as other shells read it differently; `depth` is the nesting
    of the script itself. A `RefusedError` means that nothing is known about it.
    """
    if _CONTROL.search(text):
        raise UnparsableError("the command line contains a control character (or a carriage return)")
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise UnparsableError("the command line is not valid text") from None
    if len(data) > MAX_BYTES:
        raise RefusedError("too_long", f"the command line is longer than {MAX_BYTES // 1024} KiB")
    if len(data) > _MAX_OUTSIDE_QUOTES and _outside_quotes(text) > _MAX_OUTSIDE_QUOTES:
        reason = f"it has more than {_MAX_OUTSIDE_QUOTES // 1024} KiB outside quotes and here-documents"
        raise RefusedError("too_long", reason)
    root = Parser(_LANGUAGE).parse(data).root_node
    if root.has_error or root.type != "program":
        raise UnparsableError("the command line could not be parsed")
    walk = _Walk(data.decode("latin-1"), posix=posix)
    walk.program(root, depth)
    return walk.parts


def _outside_quotes(text: str) -> int:
    """Roughly how much of a script stands outside quotes, comments and here-documents."""
    length = len(text)
    position = 0
    while found := _QUOTED.search(text, position):
        start, position = found.span()
        if found["delimiter"]:
            start = position
            end = re.compile(rf"^\t*{found['delimiter']}\b", re.MULTILINE).search(text, start)
            if end is None:
                break  # it will be refused for that
            position = end.end()
        length -= position - start
    return length


class _Walk:
    """One pass over one tree; collects parts in order, the scripts inside a word before its command.

    The grammar is recursive (a redirection holds words, a word holds scripts), and so are these methods.
    """

    def __init__(self, source: str, *, posix: bool) -> None:
        self.parts: list[Part] = []
        self._source = source
        self._posix = posix
        self._layout = Layout(source, posix=posix)
        self._reader = WordReader(source, posix=posix)
        self._handlers: Mapping[str, Callable[[Node, int], None]] = {
            "command": self._command,
            "redirected_statement": self._redirected,
            "file_redirect": self._lone_redirect,
            "subshell": self._group,
            "compound_statement": self._group,
            "for_statement": self._for,
            "case_statement": self._case,
            "test_command": self._test,
        }

    def program(self, node: Node, depth: int) -> None:
        children = node.children
        if all(child.type == "comment" for child in children):
            raise UnparsableError("the command line contains no command")
        self._layout.gap(0, children[0].start_byte, newlines=True)
        self._sequence(children, depth)
        self._layout.gap(children[-1].end_byte, len(self._source), newlines=True)

    def _sequence(self, children: Iterable[Node], depth: int) -> None:
        end = -1
        separated = True
        for child in children:
            start = child.start_byte
            if end >= 0:
                self._layout.gap(end, start, newlines=True)
                separated = separated or "\n" in self._source[end:start].replace("\\\n", "")
            end = child.end_byte
            if not child.is_named:
                self._layout.token(child)
                separated = True
            elif child.type == "comment":
                self._layout.comment(child)
            elif separated:
                self._statement(child, depth)
                separated = child.type in _CLAUSES
            else:
                raise UnparsableError("two commands touch each other")

    def _statement(self, node: Node, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise RefusedError("too_deep", "the command line is nested too deeply")
        kind = node.type
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(node, depth + 1)
        elif kind in _SEQUENCES:
            self._sequence(node.children, depth + 1)
        elif kind in _ASSIGNMENTS:
            self._assignment(node)
        elif kind == "function_definition":
            self._refuse(
                "function", "a function definition is refused: it can take an allowed command's name"
            )
        elif kind == "c_style_for_statement":
            self._refuse("arithmetic", "`for ((…))` is refused; write `for name in 1 2 3`")
        else:
            raise UnparsableError(f"the construct `{self._shown(node)}` is not supported")

    def _group(self, node: Node, depth: int) -> None:
        """`( … )` or `{ … }`."""
        if not self._source.startswith("((", node.start_byte):
            self._sequence(node.children, depth)
        elif node.type == "compound_statement":
            self._refuse("arithmetic", _ARITHMETIC_COMMAND)
        else:
            raise UnparsableError("`((` can mean two things; put a blank between the parentheses")

    def _for(self, node: Node, depth: int) -> None:
        keyword, name, *rest = node.children
        if keyword.type != "for" or name.type != "variable_name":
            raise UnparsableError("`select` is not supported")
        self._layout.gap(keyword.end_byte, name.start_byte, newlines=False)
        variable = self._shown(name)
        if not harmless_name(variable):
            self._refuse(
                "assignment", f"the loop variable `{variable}` could be one that a program looks for"
            )
        end = name.end_byte
        for child in rest:
            is_body = child.type in ("do_group", "compound_statement")
            self._layout.gap(end, child.start_byte, newlines=is_body or child.type == ";")
            end = child.end_byte
            if is_body:
                self._statement(child, depth)
            elif child.type not in (";", "in"):
                self._word(child, depth)

    def _case(self, node: Node, depth: int) -> None:
        keyword, subject, *rest = node.children
        self._layout.gap(keyword.end_byte, subject.start_byte, newlines=False)
        self._word(subject, depth)
        end = subject.end_byte
        for child in rest:
            self._layout.gap(end, child.start_byte, newlines=True)
            end = child.end_byte
            if child.type == "case_item":
                self._case_item(child, depth)
            elif child.type == "comment":
                self._layout.comment(child)
            elif child.type not in ("in", "esac", ";"):
                raise UnparsableError("a `case` could not be read")

    def _case_item(self, node: Node, depth: int) -> None:
        children = node.children
        closing = next((index for index, child in enumerate(children) if child.type == ")"), None)
        if closing is None:
            raise UnparsableError("a `case` could not be read")
        end = node.start_byte
        for child in children[:closing]:
            self._layout.gap(end, child.start_byte, newlines=False)
            end = child.end_byte
            if child.is_named:
                self._word(child, depth)
            elif child.type not in ("|", "("):
                raise UnparsableError("the pattern of a `case` could not be read")
        self._layout.gap(end, children[closing].start_byte, newlines=False)
        self._sequence(children[closing:], depth)

    def _test(self, node: Node, depth: int) -> None:
        """`[ … ]` and `[[ … ]]`, which run nothing by themselves."""
        first, last = node.children[0], node.children[-1]
        if (first.type, last.type) not in (("[", "]"), ("[[", "]]")):
            raise RefusedError("arithmetic", _ARITHMETIC_COMMAND)
        if first.type == "[[" and self._posix:
            raise UnparsableError("`[[` means something else in sh")
        inside = first.end_byte, last.start_byte, _substitutions(node)
        if first.type == "[":
            operands, readings = self._reader.brackets(*inside)
            check_test(operands)
        else:
            words, readings = self._reader.double_brackets(*inside)
            check_double_brackets(words)
        for reading in readings:
            self._nested(reading, depth)

    def _command(self, node: Node, depth: int) -> None:
        self._note_command(self._command_words(node, depth))

    def _redirected(self, node: Node, depth: int) -> None:
        """A statement followed by redirections, or redirections alone."""
        children = node.children
        body = children[0]
        words: list[Word] = []
        if body.type == "command":
            words = self._command_words(body, depth)
        elif body.type not in _REDIRECTS:
            self._statement(body, depth)
        redirects = children if body.type in _REDIRECTS else children[1:]
        if sum(redirect.type == "heredoc_redirect" for redirect in redirects) > 1:
            raise UnparsableError("one command has several here-documents")
        end = body.start_byte if body.type in _REDIRECTS else body.end_byte
        for redirect in redirects:
            if body.type == "command" and _LOST_DASH.fullmatch(self._source, end, redirect.start_byte):
                words.append(literal_word("-"))
            else:
                self._layout.gap(end, redirect.start_byte, newlines=False)
            end = redirect.end_byte
            extra = self._redirect(redirect, depth)
            if extra and body.type != "command":
                raise UnparsableError("words follow the redirection of more than one command")
            words += extra
        self._note_command(words, heredoc_only=_reads_only_heredoc(redirects))

    def _lone_redirect(self, node: Node, depth: int) -> None:
        """As in `$(< file)`."""
        self._note_command(self._file_redirect(node, depth))

    def _note_command(self, words: list[Word], *, heredoc_only: bool = False) -> None:
        if words:
            self.parts.append(SimpleCommand(tuple(words), heredoc_only=heredoc_only))

    def _command_words(self, node: Node, depth: int) -> list[Word]:
        words: list[Word] = []
        end = node.start_byte
        for child in node.children:
            self._layout.gap(end, child.start_byte, newlines=False)
            end = child.end_byte
            if child.type == "variable_assignment":
                self._assignment(child)
            elif child.type in _REDIRECTS:
                words += self._redirect(child, depth)
            else:
                words.append(self._word(child, depth))
        return words

    def _assignment(self, node: Node) -> None:
        self._refuse(
            "assignment", f"`{self._shown(node)}` is refused: it can change what an allowed program runs"
        )

    def _redirect(self, node: Node, depth: int) -> list[Word]:
        """Take one redirection; returns the words that follow it."""
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
            self._layout.gap(end, operand.start_byte, newlines=False)
            end = operand.end_byte
            words.append(self._word(operand, depth))
        if operator.type in (">&-", "<&-"):
            return words
        if not words:
            raise UnparsableError("a redirection has no target")
        target = words.pop(0)
        if operands[0].type != "process_substitution" and not _duplicates(operator.type, target):
            self.parts.append(Redirection(operator.type, target))
        return words

    def _operator(self, node: Node) -> tuple[Node, list[Node]]:
        children = node.children
        if children[0].type == "file_descriptor":
            descriptor, *children = children
            digits = self._source[descriptor.start_byte : descriptor.end_byte]
            if not digits.isdigit() or descriptor.end_byte != children[0].start_byte:
                raise UnparsableError("a redirection's descriptor is not a number")
        operator, *operands = children
        if operator.is_named or (self._posix and operator.type in BASH_ONLY):
            raise UnparsableError("a redirection is not supported here")
        return operator, operands

    def _herestring(self, node: Node, depth: int) -> None:
        operator, operands = self._operator(node)
        if operator.type != "<<<" or len(operands) != 1:
            raise UnparsableError("a here-string could not be read")
        self._layout.gap(operator.end_byte, operands[0].start_byte, newlines=False)
        self._word(operands[0], depth)

    def _heredoc(self, node: Node, depth: int) -> None:
        operator, operands = self._operator(node)
        found = locate_heredoc(self._source, operator, operands)
        end = operands[0].end_byte
        expects_statement = False
        for child in found.head:
            self._layout.gap(end, child.start_byte, newlines=False)
            end = child.end_byte
            if child.type == "file_redirect":
                if self._file_redirect(child, depth):
                    raise UnparsableError("words follow a here-document's delimiter")
            elif not child.is_named:
                self._layout.token(child)
                expects_statement = True
            elif child.type == "pipeline" or expects_statement:
                self._statement(child, depth)
                expects_statement = False
            else:
                raise UnparsableError("words follow a here-document's delimiter")
        if not found.literal:
            nodes = {} if found.body is None else _substitutions(found.body)
            self._nested(self._reader.heredoc(found.start, found.end, nodes), depth)

    def _word(self, node: Node, depth: int) -> Word:
        word, reading = self._reader.word(node.start_byte, node.end_byte, _substitutions(node))
        self._nested(reading, depth)
        return word

    def _nested(self, reading: Reading, depth: int) -> None:
        for node in reading.nodes:
            self._substitution(node, depth + 1)
        for text in reading.backticks:
            self.parts += parse_script(text, posix=self._posix, depth=depth + 1)

    def _refuse(self, rule: str, reason: str) -> None:
        """Note what no allow-list can permit."""
        self.parts.append(Refusal(rule, reason))

    def _shown(self, node: Node) -> str:
        text = self._source[node.start_byte : node.end_byte].partition("\n")[0]
        return text.encode("latin-1").decode(errors="replace")[:60]

    def _substitution(self, node: Node, depth: int) -> None:
        children = node.children
        opening = self._source[node.start_byte : node.start_byte + 2]
        if depth > MAX_DEPTH:
            raise RefusedError("too_deep", "it is nested too deeply")
        if children[0].type != opening or children[-1].type != ")":
            raise UnparsableError("a substitution could not be read")
        if self._source.startswith("(", node.start_byte + 2):
            raise UnparsableError(f"`{opening}(` can mean two things; put a blank between the parentheses")
        self._sequence(children, depth)


def _substitutions(node: Node) -> dict[int, Node]:
    """The outermost substitutions at or below a node, by offset."""
    found: dict[int, Node] = {}
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type in _SUBSTITUTIONS:
            found[current.start_byte] = current
        else:
            pending += current.children
    return found


def _reads_only_heredoc(redirects: Sequence[Node]) -> bool:
    """Whether the input is a here-document, and no file or here-string."""
    nodes = list(redirects)
    for redirect in redirects:
        nodes += heredoc_head(redirect.children) if redirect.type == "heredoc_redirect" else ()
    inputs = [node.type for node in nodes if node.type in _REDIRECTS and not _is_output(node)]
    return inputs == ["heredoc_redirect"]


def _is_output(redirect: Node) -> bool:
    operators = [child.type for child in redirect.children if not child.is_named]
    return redirect.type == "file_redirect" and operators[:1] != [] and "<" not in operators[0]


def _duplicates(operator: str, target: Word) -> bool:
    """Whether a descriptor is duplicated, moved or closed, rather than a file opened."""
    return (
        operator in (">&", "<&")
        and target.text is not None
        and _DESCRIPTOR.fullmatch(target.text) is not None
    )
