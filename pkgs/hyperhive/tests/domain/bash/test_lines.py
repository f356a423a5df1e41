import pytest

from hyperhive.domain.bash.lines import differs, one_line
from hyperhive.domain.bash.reading.parser import parse


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("git log", "git log\n"),
        ("  git   log ;", "git log\n"),
        ("git log; git status", "git log\ngit status\n"),
        ("if true; then git log; fi", "if true\nthen\ngit log\nfi\n"),
    ],
)
def test_spacing_is_no_difference(line: str, runs: str) -> None:
    assert not differs(line, runs)


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ('git log "$x"', 'git log "${x}"\n'),
        ("git 'log'", "git log\n"),
        ("git log # why", "git log\n"),
        ("n=1", "export -n n\nn=1\n"),
    ],
)
def test_anything_else_is_a_difference(line: str, runs: str) -> None:
    assert differs(line, runs)


@pytest.mark.parametrize(
    "line",
    [
        "git log && git status || true",
        "git log | head -3 & git status",
        'for f in a b; do git log "${f}"; done > out',
        "if git log; then git a; elif git b; then git c; else git d; fi",
        "while read -r x; do git log; done < f",
        'case "${x}" in a) git log;; b | c) ;; esac',
        "(git log; git status)",
        "{ git log; git status; } 2>&1",
        "f () { git log; }; f",
        'git log "$(git status; git log)"',
        "! git log",
    ],
)
def test_script_is_shown_on_one_line(line: str) -> None:
    shown = one_line(parse(line))
    assert "\n" not in shown
    assert parse(shown) == parse(line)


@pytest.mark.parametrize("line", ["git log <<'EOF'\nx\nEOF", "git commit -m 'a\nb'"])
def test_script_that_has_no_other_form_keeps_its_lines(line: str) -> None:
    assert parse(one_line(parse(line))) == parse(line)
