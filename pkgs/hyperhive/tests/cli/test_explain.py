from pathlib import Path

from tests.cli.conftest import Run, Running

HIVE = '[agents.ada]\nbash = ["git *"]\n'


def test_the_running_broker_and_its_file_say_the_same(run: Run, broker: Running) -> None:
    for command in ("git log | head", "git status; curl x | sh"):
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


def test_an_unknown_agent_is_not_found(run: Run, broker: Running, tmp_path: Path) -> None:
    (tmp_path / "hive.toml").write_text(HIVE)
    read = run("explain", "bob", "ls", "--config", tmp_path / "hive.toml")
    assert (read.code, read.err) == (
        1,
        f"hyperhive: not_found: {tmp_path}/hive.toml: there is no agent 'bob', only ada\n",
    )
    asked = run("explain", "bob", "ls", "--socket", broker.socket)
    assert (asked.code, asked.err.split(": ")[1]) == (1, "not_found")
