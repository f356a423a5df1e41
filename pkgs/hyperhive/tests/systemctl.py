"""A stand-in for `systemctl`, the one program that cannot run here: it needs systemd as PID 1.

It records its arguments and environment and plays what a test tells it. The real one is exercised by the
scenarios of the virtual machines in nixos-tests.
"""

import os
from pathlib import Path
from typing import Final

_SCRIPT: Final = """\
#!/bin/sh
dir='{directory}'
for one in "$@"; do printf '%s\\037' "$one"; done >> "$dir/calls"
printf '\\n' >> "$dir/calls"
env > "$dir/environment"
verb=$1
if [ -e "$dir/$verb.sh" ]; then . "$dir/$verb.sh"; fi
if [ "$verb" = show ]; then
    shift 2
    for unit in "$@"; do
        if [ -n "$between" ]; then echo; fi
        between=1
        echo "Id=$unit"
        cat "$dir/units/$unit" 2>/dev/null || printf 'LoadState=not-found\\nActiveState=inactive\\n'
    done
    exit 0
fi
case $verb in
    stop) state=inactive/dead ;;
    *) state=active/running ;;
esac
printf 'LoadState=loaded\\nActiveState=%s\\nSubState=%s\\nResult=success\\n' \\
    "${{state%/*}}" "${{state#*/}}" > "$dir/units/$2"
"""


class Systemctl:
    """The stand-in, in a directory of its own that is to stand first in PATH."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        (directory / "units").mkdir(parents=True)
        self.bin = directory / "bin"
        self.bin.mkdir()
        program = self.bin / "systemctl"
        program.write_text(_SCRIPT.format(directory=directory))
        program.chmod(0o755)
        self.path: Final = f"{self.bin}{os.pathsep}{os.environ['PATH']}"

    def unit(self, name: str, active: str, **properties: str) -> None:
        """How the unit of agent `name` is from now on."""
        fields = {"LoadState": "loaded", "ActiveState": active, "SubState": "", "Result": "success"}
        text = "".join(f"{key}={value}\n" for key, value in (fields | properties).items())
        new = self._directory / "units" / "new"
        new.write_text(text)
        new.rename(self._directory / "units" / f"container@h-{name}.service")

    def play(self, verb: str, script: str) -> None:
        """Run these lines of shell at every `systemctl VERB` before anything else; "" plays nothing."""
        (self._directory / f"{verb}.sh").write_text(script)

    @property
    def calls(self) -> list[list[str]]:
        """Arguments of every call so far."""
        path = self._directory / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split("\037")[:-1] for line in lines]

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the last call."""
        lines = (self._directory / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)
