"""Generates trees as the parser makes them: every kind of node, with texts that invite misreading."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import ParamSpec, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hyperhive.domain.bash.script import (
    Arithmetic,
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
    BinaryTest,
    Brace,
    BraceRange,
    Case,
    CaseItem,
    Command,
    Condition,
    DoubleBracket,
    For,
    Function,
    Group,
    If,
    Junction,
    Literal,
    Not,
    NotEmpty,
    Parameter,
    Pattern,
    Piece,
    Pipeline,
    ProcessSubstitution,
    Redirection,
    Script,
    SimpleCommand,
    Statement,
    Subshell,
    Substitution,
    Tilde,
    Tokens,
    UnaryTest,
    While,
    Word,
    literal_word,
)

NASTY = [
    "if", "then", "do", "done", "esac", "in", "function", "time", "{", "}", "!", "[[", "]]", "[", "]",
    "a=b", "a+=b", "a[0]=b", "[0]=b", "2", "10", "{fd}", "~", "~root", "x:~", "a=~", "-f", "-1", "--",
    "=", "==", "$x", "`x`", "$(x)", "${x}", "\\", "\\\\", "it's", "'", '"', "EOF", "#c", "<<EOF", "a\nb",
    "\n", "\t", " ", "a  b", "&", "&&", ";", ";;", "|", ">f", "2>&1", "(", ")", "((", "*", "?", "[a-z]",
    "{a,b}", "{1..3}", "x,y", "..", "$'a'", "$", "\xe9", "\xa0", "%a", "/b", "^", ",", "@", "+(a)",
    "!(a)", "x\\\ny", "a}b", "}a'", "''", '"}"',
]  # fmt: skip
CONTROLS = ["\r", "\x1b[1m", "a\x02'\\", "\x01", "\x7f"]
_HOSTILE = "ab1 _'\"\\$`!#&|;<>(){}[]*?~=:%/,.-+^@\n\té"
_NAMES = st.sampled_from(["x", "y", "n", "_a1", "PATH"])
_FUNCTIONS = st.sampled_from(["f", "g_1"])
_USERS = st.sampled_from(["", "root"])
_GLOBS = st.sampled_from(["*", "?", "[a-z]", "[!0-9_]", "*[[:alpha:]]?", "**"])
_REGEXES = st.sampled_from(["^", ".", ".*", "[a-z]+", "[^.]?", "|"])
_PLAIN = st.text("ab1.", min_size=1, max_size=3)


P = ParamSpec("P")
T = TypeVar("T")


def opaque(make: Callable[P, SearchStrategy[T]]) -> Callable[P, SearchStrategy[T]]:
    """One strategy for each set of arguments, without its whole inside in its representation."""
    cached = cache(make)

    @st.composite
    def drawn(draw: st.DrawFn, *args: P.args, **kwargs: P.kwargs) -> T:
        return draw(cached(*args, **kwargs))

    return drawn


class Trees:
    """Strategies; `nested` is inside of a substitution, `depth` what may still be opened."""

    def __init__(self, *, posix: bool = False) -> None:
        self.posix = posix
        common = st.sampled_from(NASTY) | st.text(_HOSTILE, min_size=1, max_size=6) | _PLAIN
        self.texts = common if posix else common | st.sampled_from(CONTROLS)
        #: In an expansion or a regular expression, where a control character can only stand alone.
        self.inner_texts = common
        self.names = _NAMES
        # Members that would mean something without their quotes; a word that begins so could be a subscript.
        self.brackets = st.builds(
            lambda first, text, last: (Literal("-"), Pattern(first), Literal(text), Pattern(last)),
            st.sampled_from(["[", "[!"] if posix else ["[", "[!", "[^a-c"]),
            st.sampled_from([" ", "-", "!", "]", "é", "'", "$(", "^!", "/"]),
            st.sampled_from(["]", "z]", "0-9]*"]),
        )
        self.specials = st.sampled_from([*"1@*#?$!-", "10"])
        self.processes = not posix
        self.background = st.sampled_from([False, False, True])
        parameters = [
            Parameter("x", quoted=True),
            Parameter("1", quoted=True),
            Parameter("x", quoted=True, operator=":-", argument=literal_word("0")),
            Parameter("x", quoted=True, operator="length"),
        ]
        self.operands = st.sampled_from(["1", "42", "x", "n", *parameters]).map(lambda token: (token,))

    @opaque
    def scripts(self, depth: int, *, nested: bool = False) -> SearchStrategy[Script]:
        return st.lists(self.statements(depth, nested=nested), min_size=1, max_size=3).map(
            lambda found: Script(tuple(found))
        )

    def statements(self, depth: int, *, nested: bool) -> SearchStrategy[Statement]:
        pipelines = st.builds(
            Pipeline,
            st.lists(self.commands(depth, nested=nested), min_size=1, max_size=2).map(tuple),
            st.booleans(),
        )
        rest = st.lists(st.tuples(st.sampled_from(["&&", "||"]), pipelines), max_size=1).map(tuple)
        return st.builds(Statement, pipelines, rest, self.background)

    @opaque
    def commands(self, depth: int, *, nested: bool) -> SearchStrategy[Command]:
        simple = self.simple(depth, nested=nested)
        if not depth:
            return simple
        compound = self.compound(depth - 1, nested=nested)
        return simple | compound | st.builds(Function, _FUNCTIONS, compound)

    def compound(self, depth: int, *, nested: bool) -> SearchStrategy[Command]:
        body = self.scripts(depth, nested=nested)
        redirections = self.redirections(depth, nested=nested)
        branches = st.lists(st.tuples(body, body), min_size=1, max_size=2).map(tuple)
        words = st.none() | st.lists(self.words(depth, "listed"), max_size=2).map(tuple)
        terminators = st.just(";;") if self.posix else st.sampled_from([";;", ";&", ";;&"])
        items = st.builds(
            CaseItem,
            st.lists(self.words(depth, "pattern"), min_size=1, max_size=2).map(tuple),
            body,
            terminators,
        )
        found = [
            st.builds(Group, body, redirections),
            st.builds(Subshell, body, redirections),
            st.builds(If, branches, st.none() | body, redirections),
            st.builds(While, st.booleans(), body, body, redirections),
            st.builds(For, self.names, words, body, redirections),
            st.builds(
                Case, self.words(depth, "single"), st.lists(items, max_size=2).map(tuple), redirections
            ),
        ]
        if not self.posix:
            tokens = self.tokens(depth)
            part = st.just(()) | tokens
            found += [
                st.builds(ArithmeticFor, part, part, part, body, redirections),
                st.builds(ArithmeticCommand, tokens, redirections),
                st.builds(DoubleBracket, self.conditions(depth), redirections),
            ]
        return st.one_of(found)

    def simple(self, depth: int, *, nested: bool) -> SearchStrategy[SimpleCommand]:
        redirections = self.redirections(depth, nested=nested)
        assignments = st.lists(self.assignments(depth), max_size=2).map(tuple)
        first = self.words(depth, "first")
        arguments = st.lists(self.words(depth, "argument"), max_size=3)
        # The keyword `time` takes no command that begins with a reserved word, however it is quoted.
        first = first.filter(lambda word: word.text != "time")
        words = st.builds(lambda one, more: (one, *more), first, arguments)
        found = [
            st.builds(SimpleCommand, assignments, words, redirections),
            st.builds(SimpleCommand, st.just(()), words, redirections),
        ]
        alone = self.assignments(depth) if self.posix else self.assignments(depth) | self.arrays(depth)
        found.append(
            st.builds(
                SimpleCommand, st.lists(alone, min_size=1, max_size=2).map(tuple), st.just(()), redirections
            )
        )
        return st.one_of(found)

    def assignments(self, depth: int) -> SearchStrategy[Assignment]:
        value = self.words(depth, "value")
        plain = st.builds(Assignment, self.names, st.just(""), st.just(value=False), value)
        if self.posix:
            return plain
        subscripts = st.sampled_from(["", "0", "-1", "n", "${n}"])
        return plain | st.builds(Assignment, self.names, subscripts, st.booleans(), value)

    def arrays(self, depth: int) -> SearchStrategy[Assignment]:
        element = self.words(depth, "listed").filter(lambda word: not _begins_with_bracket(word))
        words = st.lists(element, max_size=3).map(tuple)
        return st.builds(Assignment, self.names, st.just(""), st.booleans(), words)

    def redirections(self, depth: int, *, nested: bool) -> SearchStrategy[tuple[Redirection, ...]]:
        files = self.words(depth, "target")
        numbers = st.sampled_from(["1", "2", "-"]).map(literal_word)
        found = [
            st.builds(Redirection, descriptors(0), st.sampled_from(["<", "<>"]), files),
            st.builds(Redirection, descriptors(1), st.sampled_from([">", ">>", ">|"]), files),
            st.builds(Redirection, descriptors(0), st.just("<&"), numbers),
            st.builds(Redirection, descriptors(1), st.just(">&"), numbers),
        ]
        if not self.posix:
            strings = self.words(depth, "single")
            found += [
                st.builds(Redirection, st.none(), st.sampled_from(["&>", "&>>"]), files),
                st.builds(Redirection, descriptors(0), st.just("<<<"), strings),
            ]
        several = st.lists(st.one_of(found), max_size=2).map(tuple)
        if nested:
            return st.just(()) | several
        bodies = st.lists(self.inner_texts, max_size=3).map(
            lambda lines: "".join(line + "\n" for line in lines)
        )
        documents = st.builds(
            lambda before, body: (*before, Redirection(None, "<<", literal_word(body))), several, bodies
        )
        return st.just(()) | several | documents

    # Conditions and arithmetic.

    def conditions(self, depth: int) -> SearchStrategy[Condition]:
        operand = self.words(depth, "single")
        leaves = (
            st.builds(NotEmpty, operand)
            | st.builds(UnaryTest, st.sampled_from(["-n", "-z", "-f"]), operand)
            | st.builds(BinaryTest, operand, st.sampled_from(["==", "=", "!="]), self.words(depth, "pattern"))
            | st.builds(BinaryTest, operand, st.just("=~"), self.words(depth, "regex"))
            | st.builds(BinaryTest, operand, st.sampled_from(["<", ">", "-eq", "-lt", "-nt"]), operand)
        )
        return st.recursive(
            leaves,
            lambda inner: (
                st.builds(Not, inner) | st.builds(Junction, st.sampled_from(["&&", "||"]), inner, inner)
            ),
            max_leaves=4,
        )

    @opaque
    def tokens(self, depth: int) -> SearchStrategy[Tokens]:
        """An expression; bases and steps where they can stand."""
        found: list[SearchStrategy[Tokens]] = [self.operands]
        binary = ["+", "-", "*", "/", "%", "<", ">=", "==", "!=", "&", "|", "^", "&&", "||", "<<", ">>"]
        if not self.posix:
            found.append(st.sampled_from([("10#", Parameter("n", quoted=True)), ("n", "++"), ("--", "n")]))
            binary += ["**", ","]
        if depth:
            script = self.scripts(depth - 1, nested=True)
            found.append(script.map(lambda inner: (Substitution(inner, quoted=True),)))

        def larger(inner: SearchStrategy[Tokens]) -> SearchStrategy[Tokens]:
            return (
                st.builds(lambda a, o, b: (*a, o, *b), inner, st.sampled_from(binary), inner)
                | st.builds(lambda a: ("(", *a, ")"), inner)
                | st.builds(lambda o, a: (o, *a), st.sampled_from(["-", "+", "!", "~"]), inner)
                | st.builds(lambda a, b, c: (*a, "?", *b, ":", *c), inner, inner, inner)
                | st.builds(lambda o, a: ("n", o, *a), st.sampled_from(["=", "+=", "<<="]), inner)
            )

        return st.recursive(st.one_of(found), larger, max_leaves=4)

    # Words.

    @opaque
    def words(self, depth: int, place: str) -> SearchStrategy[Word]:
        """`place`: `first`, `argument`, `listed`, `value`, `single`, `target`, `pattern`, `regex`."""
        literals = (self.inner_texts if place == "regex" else self.texts).map(Literal)
        literal = literals.map(lambda piece: Word((piece,)))
        quoted = st.lists(literals | self.expansions(depth, quoted=True), min_size=1, max_size=3)
        found = [literal, literal, quoted.map(word_of), st.just(literal_word(""))]
        if place == "first":
            return literal | st.sampled_from(["x", "git", "["]).map(literal_word) | quoted.map(word_of)
        unquoted = place in {"argument", "listed", "target", "pattern", "regex"}
        if unquoted:
            pieces: list[SearchStrategy[Piece | tuple[Piece, ...]]] = [
                literals,
                self.expansions(depth, quoted=False),
            ]
            if place == "regex":
                pieces.append(_REGEXES.map(Pattern))
            elif not (self.posix and place == "target"):
                pieces += [_GLOBS.map(Pattern), self.brackets]
            if place in {"argument", "listed"} and not self.posix:
                pieces.append(self.braces(depth))
            mixed = st.lists(st.one_of(pieces), min_size=1, max_size=3).map(word_of)
            found.append(mixed.filter(lambda word: not _like_element(word)))
        if place != "regex":
            found.append(self.tildes())
        if place == "argument" and depth and self.processes:
            script = self.scripts(depth - 1, nested=True)
            substitution = st.builds(ProcessSubstitution, st.sampled_from("<>"), script)
            found.append(substitution.map(lambda piece: Word((piece,))))
        return st.one_of(found)

    def literals(self) -> SearchStrategy[Piece]:
        return self.texts.map(Literal)

    def tildes(self) -> SearchStrategy[Word]:
        ends = st.just("") | self.texts.map(lambda text: "/" + text)
        return st.builds(lambda user, end: word_of([Tilde(user), Literal(end)]), _USERS, ends)

    @opaque
    def braces(self, depth: int) -> SearchStrategy[Piece]:
        ranges = st.sampled_from(
            [BraceRange("1", "5", ""), BraceRange("a", "e", "2"), BraceRange("-1", "01", "")]
        )
        simple = st.lists(self.literals() | self.expansions(depth, quoted=False), max_size=2).map(word_of)
        alternatives = st.recursive(
            simple | ranges.map(lambda piece: Word((piece,))),
            lambda inner: brace(inner).map(lambda piece: Word((piece,))),
            max_leaves=4,
        )
        return ranges | brace(alternatives)

    @opaque
    def expansions(self, depth: int, *, quoted: bool) -> SearchStrategy[Piece]:
        """With `quoted` all are, else some."""
        flag = st.just(value=True) if quoted else st.booleans()
        found: list[SearchStrategy[Piece]] = [st.builds(Parameter, self.names, flag)]
        found.append(st.builds(Parameter, self.specials, flag))
        if depth:
            script = self.scripts(depth - 1, nested=True)
            found += [
                st.builds(Substitution, script, flag),
                st.builds(Arithmetic, self.tokens(depth - 1), flag),
                flag.flatmap(lambda is_quoted: self.parameters(depth - 1, quoted=is_quoted)),
            ]
        return st.one_of(found)

    def parameters(self, depth: int, *, quoted: bool) -> SearchStrategy[Parameter]:
        names, flag = self.names | st.just("1"), st.just(quoted)
        inside = self.expansions(depth, quoted=True)
        if quoted:
            texts = self.inner_texts.map(Literal)
            arguments = st.lists(texts | inside, max_size=2).map(word_of)
        else:
            arguments = st.lists(
                self.inner_texts.map(Literal) | inside | _GLOBS.map(Pattern), max_size=2
            ).map(word_of)
        plain = st.builds(Parameter, self.names, st.just(value=False))
        parts = st.lists(
            self.inner_texts.map(Literal) | inside | _GLOBS.map(Pattern) | self.brackets | plain, max_size=2
        ).map(word_of)
        found = [
            st.builds(
                Parameter,
                names,
                flag,
                operator=st.sampled_from([":-", "-", ":+", "+", ":?", "?"]),
                argument=arguments,
            ),
            st.builds(
                Parameter, names, flag, operator=st.sampled_from(["#", "##", "%", "%%"]), argument=parts
            ),
            st.builds(Parameter, names, flag, operator=st.just("length")),
        ]
        if not self.posix:
            found += self._bash_parameters(depth, flag, parts)
        return st.one_of(found)

    def _bash_parameters(
        self, depth: int, flag: SearchStrategy[bool], parts: SearchStrategy[Word]
    ) -> list[SearchStrategy[Parameter]]:
        plain = self.tokens(depth).filter(lambda tokens: not {"?", ":"}.intersection(map(str, tokens)))
        slices = st.lists(plain, min_size=1, max_size=2).map(tuple)
        subscripts = st.sampled_from(["@", "*", "0", "-1", "n", "${n}"])
        inside = self.expansions(depth, quoted=True)
        ampersands = st.sampled_from(["&", "&&"]).map(Pattern)
        plain_one = st.builds(Parameter, self.names, st.just(value=False))
        replacements = st.lists(
            self.inner_texts.map(Literal) | inside | ampersands | plain_one, max_size=2
        ).map(word_of)
        return [
            st.builds(
                Parameter,
                self.names,
                flag,
                operator=st.sampled_from(["/", "//", "/#", "/%"]),
                argument=parts,
                replacement=replacements,
            ),
            st.builds(
                Parameter,
                self.names,
                flag,
                operator=st.sampled_from(["^", "^^", ",", ",,"]),
                argument=st.none() | parts,
            ),
            st.builds(Parameter, self.names, flag, operator=st.sampled_from(["@Q", "@U", "@a"])),
            st.builds(Parameter, self.names | st.just("@"), flag, operator=st.just("slice"), slice=slices),
            st.builds(Parameter, self.names, flag, subscripts, st.sampled_from(["", "length"])),
            st.builds(Parameter, self.names, flag, st.sampled_from(["@", "*"]), st.just("keys")),
            st.builds(Parameter, self.names, flag, operator=st.just("indirect")),
        ]


def brace(alternatives: SearchStrategy[Word]) -> SearchStrategy[Piece]:
    return st.lists(alternatives, min_size=2, max_size=3).map(lambda words: Brace(tuple(words)))


def descriptors(usual: int) -> SearchStrategy[int | None]:
    return st.none() | st.sampled_from([number for number in (0, 1, 2, 9) if number != usual])


def _begins_with_bracket(word: Word) -> bool:
    return isinstance(word.pieces[0], Pattern) and word.pieces[0].text.startswith("[")


def _like_element(word: Word) -> bool:
    return any(isinstance(piece, Pattern) and "[" in piece.text for piece in word.pieces) and any(
        isinstance(piece, Literal) and "=" in piece.text for piece in word.pieces
    )


def word_of(parts: Sequence[Piece | tuple[Piece, ...]]) -> Word:
    """The pieces with literals that touch made one, and without a pattern that touches another."""
    found: list[Piece] = []
    for piece in (piece for part in parts for piece in (part if isinstance(part, tuple) else (part,))):
        last = found[-1] if found else None
        if isinstance(piece, Literal) and isinstance(last, Literal):
            found[-1] = Literal(last.text + piece.text)
        elif piece != Literal("") and not (isinstance(piece, Pattern) and isinstance(last, Pattern)):
            found.append(piece)
    return Word(tuple(found) or (Literal(""),))
