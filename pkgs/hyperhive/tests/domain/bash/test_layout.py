import pytest

from hyperhive.domain.bash.parser import parse_script
from hyperhive.domain.bash.script import Part, RefusedError, SimpleCommand


def shown(parts: list[Part]) -> list[str]:
    return [" ".join(word.shown for word in part.words) for part in parts if isinstance(part, SimpleCommand)]


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("cat <<'E'\n$(a)\nE\nb", ["cat", "b"]),
        ('cat <<"E"\n`a`\nE\n', ["cat"]),
        ("cat <<\\E\n`a`\nE", ["cat"]),
        ("cat <<E\n$(a) `b` $c \\$(d)\nE", ["a", "b", "cat"]),
        ("cat <<-E\n\tx\n\tE\n", ["cat"]),
        ("cat <<E | a && b\nx\nE\n", ["a", "b", "cat"]),
        ("python - <<E\nx\nE\n", ["python -"]),
        ("a \"$(cat <<'E'\nit's (\nE\n)\" b", ["cat", "a $(cat <<'E'\nit's (\nE\n) b"]),
    ],
)
def test_body_is_read_as_its_delimiter_says(script: str, commands: list[str]) -> None:
    assert shown(parse_script(script)) == commands


@pytest.mark.parametrize(
    "script",
    [
        "cat <<E\nx",
        "cat <<E\nx\nE2\nE",
        "cat <<E\nx\\\nE\n",
        "cat <<'E F'\nx\nE F",
        "cat <<$E\nx\n$E",
        "cat <<E x\ny\nE",
        "cat <<A <<B\na\nA\nb\nB",
        "cat <<E\n$((x))\nE",
        "a $(cat <<E\nx\nE)\nE\n)",
    ],
)
def test_uncertain_heredoc_is_refused(script: str) -> None:
    with pytest.raises(RefusedError):
        parse_script(script)


def test_command_that_reads_nothing_but_its_heredoc_is_marked() -> None:
    scripts = [
        "cat <<E\nE",
        "cat <<E > x\nE",
        "cat > x <<E\nE",
        "cat <<E < x\nE",
        "cat < x",
        "cat",
    ]
    marked = [
        part.heredoc_only
        for script in scripts
        for part in parse_script(script)[-1:]
        if isinstance(part, SimpleCommand)
    ]
    assert marked == [True, True, True, False, False, False]
