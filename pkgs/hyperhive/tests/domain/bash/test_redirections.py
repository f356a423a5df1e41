import pytest

from hyperhive.domain.bash.redirections import check_redirection, is_free, kept_from_network, writes
from hyperhive.domain.bash.script import (
    Brace,
    Literal,
    Parameter,
    Pattern,
    Piece,
    Pipeline,
    ProcessSubstitution,
    Redirection,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    Tilde,
    Word,
    literal_word,
)

F = Parameter("f", quoted=True)
KEPT = Parameter(
    "f", quoted=True, operator="/#", argument=literal_word("/dev/"), replacement=literal_word("/./dev/")
)


def reading(*pieces: Piece | str, operator: str = "<") -> Redirection:
    found = tuple(Literal(piece) if isinstance(piece, str) else piece for piece in pieces)
    return Redirection(None, operator, Word(found))


def refused(redirection: Redirection, *, trusted: bool = False) -> bool:
    try:
        check_redirection(redirection, trusted=trusted)
    except RefusedError as refusal:
        return refusal.rule == "redirection"
    return False


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ([F], [KEPT]),
        ([Parameter("f", quoted=False)], [KEPT]),
        ([F, "tcp/1/2"], [KEPT, "tcp/1/2"]),
        ([F, ".txt"], [KEPT, ".txt"]),
        ([F, "/log.txt"], [KEPT, "/log.txt"]),
        ([F, "/", F], [KEPT, "/./", F]),
        ([F, "/dev/tcp/1/2"], [KEPT, "/./dev/tcp/1/2"]),
    ],
)
def test_file_named_by_a_variable_is_kept_from_being_a_connection(
    given: list[Piece | str], printed: list[Piece | str]
) -> None:
    for operator in ("<", ">", ">>", ">|", "<>", "&>", "&>>"):
        kept = kept_from_network(reading(*given, operator=operator))
        assert kept == reading(*printed, operator=operator)
        assert kept_from_network(kept) == kept
        assert not refused(kept)


@pytest.mark.parametrize(
    "given",
    [
        [F, F],
        [F, "ev/udp/", F],
        [Parameter("@", quoted=True)],
        [Parameter("f", quoted=True, operator=":-", argument=literal_word("x"))],
        [Parameter("f", quoted=True, subscript="@")],
        ["/", F],
        ["/dev/", F],
        ["/dev/tcp/", F],
        ["/dev/tcp/1/2"],
        ["//dev/./udp/1/2"],
        [Brace((literal_word("/dev/tcp/1/2"), literal_word("x")))],
    ],
)
def test_file_that_could_be_a_connection_is_refused(given: list[Piece | str]) -> None:
    assert refused(kept_from_network(reading(*given)))


@pytest.mark.parametrize(
    "given",
    [
        ["dir/", F],
        ["./", F],
        [Tilde(""), "/", F],
        ["/tmp/", F],
        ["/dev/null"],
        [Pattern("*"), ".txt"],
        ["a b"],
    ],
)
def test_file_whose_name_begins_plainly_is_read_as_it_is(given: list[Piece | str]) -> None:
    assert kept_from_network(reading(*given)) == reading(*given)
    assert not refused(reading(*given))


def test_name_of_the_operators_environment_may_be_any() -> None:
    assert refused(reading(F))
    assert not refused(reading(F), trusted=True)


def test_process_substitution_is_no_file() -> None:
    script = Script((Statement(Pipeline((SimpleCommand((), (literal_word("git"),)),))),))
    target = ProcessSubstitution(">", script)
    assert not refused(reading(target, operator=">"))
    assert is_free(Word((target,)))


def test_descriptors_are_numbers() -> None:
    for text in ("1", "2-", "-"):
        assert not refused(reading(text, operator=">&"))
        assert not writes(reading(text, operator=">&"))
    assert not refused(reading("x", operator=">&"))
    assert writes(reading("x", operator=">&"))
    assert refused(reading("x", operator="<&"))
    assert refused(reading(F, operator=">&"))
    assert refused(reading(F, operator="<&"))


def test_texts_of_the_line_are_no_files() -> None:
    for operator in ("<<", "<<<"):
        assert not refused(reading("/dev/tcp/1/2", operator=operator))
        assert not writes(reading("x", operator=operator))


def test_standard_outputs_need_no_pattern() -> None:
    free = ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/full"]
    assert [name for name in free if not is_free(literal_word(name))] == ["/dev/full"]
