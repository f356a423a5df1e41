import random
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from hyperhive.domain.bash import JudgedCommand, Verdict, judge, validate_pattern
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import RefusedError, Script, UnparsableError

CORPUS = Path(__file__).with_name("corpus.toml")


class Entry(NamedTuple):
    theme: str
    patterns: str
    line: str
    allow: bool
    rule: str | None


def load_corpus() -> tuple[dict[str, list[str]], list[Entry]]:
    data = tomllib.loads(CORPUS.read_text())
    entries = [
        Entry(theme, entry["patterns"], entry["line"], entry["allow"], entry.get("rule"))
        for theme, found in data["themes"].items()
        for entry in found
    ]
    return data["lists"], entries


LISTS, ENTRIES = load_corpus()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.theme}-{entry.patterns}-{entry.line!r}")
def test_corpus_line_is_judged_as_written(entry: Entry) -> None:
    verdict = judge(entry.line, LISTS[entry.patterns])
    assert (verdict.allowed, verdict.reason.endswith(".")) == (entry.allow, True), verdict
    assert entry.rule in (None, verdict.rule), verdict


@pytest.mark.parametrize("patterns", LISTS)
def test_what_runs_is_judged_and_printed_as_itself(patterns: str) -> None:
    for entry in ENTRIES:
        if entry.patterns != patterns:
            continue
        verdict = judge(entry.line, LISTS[patterns])
        assert (verdict.runs is not None) == verdict.allowed
        if verdict.runs is not None:
            again = judge(verdict.runs, LISTS[patterns])
            assert (again.allowed, again.runs, again.changed) == (True, verdict.runs, False), again


def test_every_character_of_a_line_is_read() -> None:
    """A letter more makes another tree or is refused, wherever it stands but in a comment."""

    def read(line: str) -> Script | None:
        try:
            return parse(line)
        except RefusedError:
            return None

    lines = [entry.line for entry in ENTRIES if len(entry.line) <= 60]
    trees = [(line, tree) for line in lines if (tree := read(line)) is not None]
    unread = [
        longer
        for line, tree in trees
        for place in range(len(line) + 1)
        if read(longer := line[:place] + "é" + line[place:]) == tree
        if "#" not in line[:place].rpartition("\n")[2]
    ]
    assert len(trees) > 400
    assert unread == []


def test_corpus_is_large_and_every_line_is_unique_for_its_list() -> None:
    repeated = [key for key, count in Counter((e.patterns, e.line) for e in ENTRIES).items() if count > 1]
    assert repeated == []
    assert sum(not entry.allow for entry in ENTRIES) >= 200
    assert sum(entry.allow for entry in ENTRIES) >= 70


def test_refusal_names_the_command_and_the_patterns() -> None:
    assert judge("git log; whoami", ["git *", "nix build *"]) == Verdict(
        allowed=False,
        rule="no_pattern",
        reason="`whoami` matches none of the allowed patterns (`git *`, `nix build *`).",
        commands=(
            JudgedCommand("git log", True, "git *", "`git log` matches a pattern."),
            JudgedCommand(
                "whoami",
                False,
                None,
                "`whoami` matches none of the allowed patterns (`git *`, `nix build *`).",
            ),
        ),
    )


def test_permission_names_the_patterns_that_covered_the_line() -> None:
    assert judge("git commit -m 'a b' || true", ["git *"]) == Verdict(
        allowed=True,
        rule="pattern",
        reason="Every command is covered by `git *`.",
        commands=(
            JudgedCommand("git commit -m 'a b'", True, "git *", "`git commit -m 'a b'` matches a pattern."),
            JudgedCommand("true", True, None, "`true` needs no pattern."),
        ),
        runs="git commit -m 'a b' ||\ntrue",
        notes=judge("git log", ["git *"]).notes,
    )


def test_wrapper_is_listed_before_what_it_runs() -> None:
    verdict = judge("env git log", ["env *"])
    assert [(command.text, command.allowed) for command in verdict.commands] == [
        ("env git log", True),
        ("git log", False),
    ]


def test_no_list_allows_everything_and_still_lists_the_commands() -> None:
    assert judge("X=1 whoami | $PAGER", None) == Verdict(
        allowed=True,
        rule="any_command",
        reason="This agent may run any command.",
        commands=(
            JudgedCommand("whoami", True, None, "Any command is allowed."),
            JudgedCommand("${PAGER}", True, None, "Any command is allowed."),
        ),
        runs="X=1 whoami | $PAGER",
    )
    assert judge("if (", None).allowed


def test_empty_list_means_no_bash() -> None:
    assert judge("git status", []) == Verdict(
        False, "no_bash", "This agent may not use Bash at all.", commands=()
    )


def test_lines_beyond_the_limits_are_refused() -> None:
    assert judge("git " + "a" * 64 * 1024, ["git *"]).rule == "too_long"
    assert judge("git " + "$(git " * 60 + ")" * 60, ["git *"]).rule == "too_deep"
    assert judge("env " * 100 + "git", ["env *", "git *"]).rule == "too_deep"
    assert judge("git \ud800", ["git *"]).rule == "unparsable"


def test_broken_pattern_in_a_list_matches_nothing() -> None:
    assert judge("git log", ["", "git 'log", "a; b"]).rule == "no_pattern"


def test_validated_pattern_comes_back_unchanged() -> None:
    assert [validate_pattern(pattern) for pattern in ("git *", "> /agents/*/state/*")] == [
        "git *",
        "> /agents/*/state/*",
    ]
    with pytest.raises(ValueError, match="must be one line"):
        validate_pattern("git *\nwhoami")


FORBIDDEN = ["whoami", "'who'ami x", "/usr/bin/git log", "$X", "A=1 git log", "sudo git log", "git log > out"]
JOINS = [
    "git log; {}", "{}; git log", "git log && {}", "{} || git log", "git log | {}", "{} | git log",
    "git log |& {}", "git log & {}", "git log\n{}", "({})", "{{ {}; }}", "git $({})", 'git "$({})"',
    "git `{}`", "git <({})", "git log > >({})", "if {}; then git x; fi", "if git x; then {}; fi",
    "while git x; do {}; done", "for x in a; do {}; done", "for x in $({}); do git x; done",
    "case x in x) {};; esac", "! {}", "git <<EOF\n$({})\nEOF", "git <<EOF && {}\nx\nEOF", 'git <<< "$({})"',
    '[ -n "$({})" ]', "[[ -n $({}) ]]", "env {}", "xargs {}", "nice {}", "timeout 5 {}", "time {}",
    "nohup {}", "eval {}", "bash -c '{}'", 'sh -c "{}"', "find . -exec {} \\;",
    "git log && (git x; {{ git y | {}; }})", "env nice bash -c '{}'",
]  # fmt: skip
WRAPPERS = [
    "env *",
    "xargs *",
    "nice *",
    "timeout *",
    "time *",
    "nohup *",
    "eval *",
    "bash *",
    "sh *",
    "find *",
]


def test_allowed_and_forbidden_together_are_refused_however_they_are_joined() -> None:
    patterns = ["git *", *WRAPPERS]
    allowed = [
        (join, forbidden)
        for join in JOINS
        for forbidden in FORBIDDEN
        if judge(join.format(forbidden), patterns).allowed
    ]
    assert allowed == []
    plain = [join for join in JOINS if not judge(join.format("git status"), patterns).allowed]
    assert plain == []


def test_nested_joins_with_a_forbidden_command_are_refused() -> None:
    chance = random.Random(20260401)
    nestable = [join for join in JOINS if "'" not in join and '"' not in join and "EOF" not in join]
    patterns = ["git *", *WRAPPERS]
    for _ in range(300):
        line = chance.choice(["whoami", "$X", "A=1 git log"])
        for _ in range(chance.randint(2, 4)):
            line = chance.choice(nestable).format(line).replace("((", "( (")
        assert not judge(line, patterns).allowed, line


def test_judging_random_text_never_raises() -> None:
    chance = random.Random(20260402)
    pieces = [
        *"\0\t\n\r !\"#$%&'()*+-./;<=>?@[\\]^`{|}~aé\u2028\ud800",
        "git",
        "<<E",
        "$(",
        "\nE\n",
        "esac",
        "[[",
    ]
    for _ in range(3000):
        line = "".join(chance.choice(pieces) for _ in range(chance.randint(0, 24)))
        verdict = judge(line, ["git *", "> out"])
        assert verdict.reason
    for _ in range(500):
        line = chance.randbytes(chance.randint(0, 60)).decode("latin-1")
        assert judge(line, ["git *"]).reason


def test_threads_judge_as_one_thread_does() -> None:
    def judged(entry: Entry) -> Verdict:
        return judge(entry.line, LISTS[entry.patterns])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(judged, ENTRIES)) == [judged(entry) for entry in ENTRIES]


def test_long_text_is_allowed() -> None:
    body = 'it\'s (a?) "line"\n' * 3000
    long = [f"git commit -F - <<'EOF'\n{body}EOF", f"git commit -m \"$(cat <<'EOF'\n{body}EOF\n)\""]
    long += ["git commit -m '" + "a? " * 15_000 + "'", "git log\n# " + "a? " * 15_000]
    assert [judge(line, ["git *"]).allowed for line in long] == [True] * 4


def test_refusal_carries_its_rule_and_reason() -> None:
    refusals = [RefusedError("wrapper", "why"), UnparsableError("what")]
    assert [(refusal.rule, refusal.reason, str(refusal)) for refusal in refusals] == [
        ("wrapper", "why", "why"),
        ("unparsable", "what", "what"),
    ]
