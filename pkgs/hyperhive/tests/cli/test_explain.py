from pathlib import Path

from tests.cli.conftest import Run, Running

HIVE = '[agents.ada]\nbash = ["git *"]\n'


def test_the_running_broker_and_its_file_say_the_same(run: Run, broker: Running) -> None:
    for command in ("git log | head", "git status; curl x | sh", "git log 'x' > $f", "CI=1 git log"):
        asked = run("explain", "--json", "ada", command, "--socket", broker.socket)
        read = run("explain", "--json", "ada", command, "--config", broker.directory / "broker.json")
        assert (asked.code, asked.document) == (read.code, read.document)


def test_an_allowed_command_names_its_pattern(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text(HIVE)
    result = run("explain", "ada", "git log", "--config", tmp_path / "hive.toml")
    assert result.code == 0
    assert result.out.startswith("allowed (pattern): ")
    assert "git *" in result.out


def test_a_refused_command_is_exit_code_4(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text(HIVE)
    result = run("explain", "ada", "git log; rm x", "--config", tmp_path / "hive.toml")
    assert (result.code, result.err) == (4, "")
    assert result.out.startswith("refused (no_pattern): ")


def test_what_runs_is_shown_where_it_differs_in_more_than_spacing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text(HIVE)
    result = run("explain", "ada", 'n=1;  git log "$n"', "--config", tmp_path / "hive.toml")
    assert 'runs:\n  export -n n\n  n=1\n  git log "${n}"' in result.out
    result = run("explain", "ada", "git   log; git status", "--config", tmp_path / "hive.toml")
    assert "runs:" not in result.out
    asked = run("explain", "--json", "ada", "git   log", "--config", tmp_path / "hive.toml")
    assert asked.document["runs"].strip() == "git log"
    assert set(asked.document) >= {"allowed", "runs", "rule", "commands", "reason", "instead", "notes"}


def test_a_refusal_says_what_to_write_instead(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text(HIVE)
    result = run("explain", "ada", "git log && /usr/bin/git status", "--config", tmp_path / "hive.toml")
    assert result.code == 4
    assert "write instead:\n  git log && git status" in result.out


def test_a_note_says_what_the_program_of_a_pattern_can_do(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text(HIVE)
    result = run("explain", "ada", "git log", "--config", tmp_path / "hive.toml")
    assert "note: " in result.out


def test_a_relative_program_is_judged_for_the_agents_own_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text('[agents.ada]\nbash = ["./gradlew *", "cd *"]\n')
    away, home = (
        run("explain", "ada", f"cd {place} && ./gradlew build", "--config", tmp_path / "hive.toml")
        for place in ("/tmp", Path.cwd() / ".hyperhive/agents/ada/state")
    )
    assert (away.code, home.code) == (4, 0)
    assert away.out.startswith("refused (directory): ")


def test_an_unknown_agent_is_not_found(run: Run, broker: Running, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text(HIVE)
    read = run("explain", "bob", "ls", "--config", tmp_path / "hive.toml")
    assert (read.code, read.err) == (
        1,
        f"hyperhive: not_found: {tmp_path}/hive.toml: there is no agent 'bob', only ada\n",
    )
    asked = run("explain", "bob", "ls", "--socket", broker.socket)
    assert (asked.code, asked.err.split(": ")[1]) == (1, "not_found")
