import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import shtab

from hyperhive.cli.parser import COMMANDS
from tests.nixos import packaging

SHELLS: Final = ("bash", "fish", "zsh")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the package's build would install from."""
    directory = tmp_path_factory.mktemp("shell") / "files"
    packaging.run(sys.executable, "shell_files.py", directory, cwd=packaging.PROJECT)
    return directory


def completed(files: Path, *words: str) -> list[str]:
    """What Bash offers for the last of the words."""
    script = f"""
      source {files}/hyperhive.bash
      COMP_WORDS=({" ".join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
      _shtab_hyperhive
      printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return sorted(packaging.run("bash", "-c", script, cwd=files).split())


def test_there_are_completions_for_the_shells_that_shtab_knows_and_a_manual_page(files: Path) -> None:
    known = [shell for shell in SHELLS if shell in shtab.SUPPORTED_SHELLS]
    assert sorted(path.name for path in files.iterdir()) == sorted(
        ["hyperhive.1", *(f"hyperhive.{shell}" for shell in known)]
    )
    assert {"bash", "zsh"} <= set(known)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_accepts_its_completions(files: Path, shell: str) -> None:
    script = files / f"hyperhive.{shell}"
    if not script.exists():
        pytest.skip(f"shtab {importlib.metadata.version('shtab')} has no completions for {shell}")
    packaging.run(packaging.program(shell), "-n", script, cwd=files)


def test_bash_completes_commands_options_and_files(files: Path) -> None:
    assert completed(files, "hyperhive", "") == sorted(COMMANDS)
    assert completed(files, "hyperhive", "send", "--rep") == ["--reply-to"]
    assert completed(files, "hyperhive", "check-config", "--kind", "h") == ["harness", "hive"]
    (files / "hive.toml").touch()
    assert completed(files, "hyperhive", "up", "--config", "hiv") == ["hive.toml"]


def test_the_manual_page_renders_with_every_command_option_and_example(files: Path) -> None:
    groff = packaging.program("groff")
    command = [groff, "-man", "-Tascii", "-P-c", "-ww", "-rLL=100n", "hyperhive.1"]
    done = subprocess.run(command, cwd=files, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    page = re.sub(r".\x08", "", done.stdout)
    assert [name for name in COMMANDS if f"COMMAND 'hyperhive {name}'" not in page] == []
    assert "       hyperhive send '*' 'Finish what you are doing and report.'\n" in page
    assert '         host_names = ["127.0.0.1", "localhost", "[::1]"]\n' in page
