"""Plays scripts in a real Bash, in a scratch directory, with stubs for programs that note how they start.

`HYPERHIVE_BASH=/path` adds another Bash; `tools/install-bash` puts a newer one where it is found.
"""

import contextlib
import os
import shlex
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

#: Run for real once they are noted: what they start is the point.
WRAPPERS: Final = (
    "env", "xargs", "find", "nice", "nohup", "timeout", "setsid", "ionice", "chrt", "taskset", "stdbuf",
    "flock", "script", "busybox",
)  # fmt: skip
SHELLS: Final = ("sh", "dash", "bash")
#: Copy what they read.
FILTERS: Final = (
    "cat", "head", "tail", "grep", "sort", "sed", "tee", "uniq", "cut", "tr", "awk", "jq", "sqlite3",
)  # fmt: skip
PLAIN: Final = (
    "git", "npm", "node", "python", "python3", "pytest", "make", "cargo", "go", "docker", "kubectl", "nix",
    "rg", "ls", "wc", "date", "seq", "nproc", "basename", "dirname", "realpath", "mkdir", "cp", "mv", "rm",
    "touch", "chmod", "diff", "curl", "sleep", "which", "tar", "ps", "du", "stat", "id", "uname", "comm",
    "base64", "npx", "whoami", "evil", "expr", "perl", "rsync", "ssh", "split", "vim", "less", "man",
    "sudo", "doas", "su", "ln", "strace", "watch", "parallel", "unshare", "chroot", "gdb", "zsh", "ksh",
    "time", "mktemp", "file", "gitk",
)  # fmt: skip
#: What programs print may come from anybody; this is what an evaluated value would give away.
HOSTILE: Final = "a[$(touch MARKER)]"

_STUB: Final = r"""#!/bin/dash
printf '%s\0' call "$$" "$#" "$PWD" "$0" "$@" >>{trace}/calls
export -p >{trace}/$$.environment
name=${{0##*/}}
case $name in
{execs}
date) case $* in *+%s*) echo 1700000000 ;; *) echo today ;; esac ;;
seq) printf '1\n2\n' ;;
nproc) echo 2 ;;
wc) echo 3 ;;
{filters})
  file=
  for word; do case $word in -?*) ;; *) file=$word ;; esac; done
  case $name:$# in *:0 | cat:1 | tee:*) ;; *) test "$file" && test -f "$file" && exec <"$file" ;; esac
  while IFS= read -r line || test "$line"; do
    printf '%s\n' "$line"
    printf '%s\n' "$line" >>{trace}/$$.input
  done
  ;;
git)
  case $*: in *-: | *--stdin:)
    while IFS= read -r line || test "$line"; do printf '%s\n' "$line" >>{trace}/$$.input; done
  esac
  printf '%s\n' "git $*" '{hostile}'
  ;;
*) printf '%s\n' "$name $*" ;;
esac
case $* in *fail*) exit 1 ;; esac
"""

_FILES: Final = {
    "work/keepme": "",
    "work/a.py": "a\n",
    "work/b.py": "b\n",
    "work/list.txt": "one\ntwo words\n",
    "work/src/a b.txt": "x\n",
    "work/src/list.txt": "a[$(touch MARKER)]\n",
    "work/out/old": "old\n",
    "home/project/x": "",
    "m/x": "",
}
_PROGRAMS: Final = ("gradlew", "scripts/build.sh", "5/git", "src/gradlew", "src/scripts/build.sh")
#: What a shell or a wrapper says by itself.
_OF_SHELLS: Final = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})


@dataclass(frozen=True)
class Call:
    """A program was started."""

    #: The first is the name when `PATH` led to it, else the path as given.
    argv: tuple[str, ...]
    #: Relative to the scratch directory.
    directory: str
    #: `NAME='value'` of what differs from the environment of the shell, `NAME` of what is missing.
    environment: frozenset[str]
    #: What it read, where it reads.
    read: str


@dataclass(frozen=True)
class Outcome:
    #: None when time ran out.
    status: int | None
    output: str
    errors: str
    calls: tuple[Call, ...]
    #: Files that are new, changed or gone, relative to the scratch directory.
    changed: tuple[str, ...]
    #: What the shell itself holds at the end, if it got there and something of it changed.
    effects: str


def shells() -> dict[str, Path]:
    """The Bash of this machine, and others that were found."""
    found = {"bash": Path(shutil.which("bash") or "/bin/bash")}
    installed = Path(__file__).parents[5] / ".newest-bash" / "bash"
    if installed.exists():
        found["newest"] = installed
    if given := os.environ.get("HYPERHIVE_BASH"):
        found["HYPERHIVE_BASH"] = Path(given)
    return found


class Shell:
    """One Bash with a scratch directory; plays one script after the other."""

    def __init__(
        self, root: Path, bash: Path, *, seconds: float = 3, variables: Mapping[str, str] | None = None
    ) -> None:
        self.root = root
        self.work = root / "work"
        self._bash = bash
        self._seconds = seconds
        self._trace = root.parent / f"{root.name}.trace"
        self._trace.mkdir(parents=True)
        self._environment = {
            "PATH": str(root / "bin"),
            "HOME": str(root / "home"),
            "LANG": "C.UTF-8",
            "PWD": str(self.work),
            "DIR": "src",
            "X": "5",
            "FILES": "a.py b.py",
            **(variables or {}),
        }
        self._lay()

    @classmethod
    def found(cls, root: Path) -> list[Self]:
        return [cls(root / name, path) for name, path in shells().items()]

    def run(
        self, script: str, *, setup: str | None = None, programs: Mapping[str, Path] | None = None
    ) -> Outcome:
        """Play a script as the CLI does: as the argument of `eval`, without input."""
        if setup is not None:
            # With the programs of this machine: it plants what the attempt needs.
            subprocess.run(
                [self._bash, "-c", setup],
                cwd=self.work,
                check=True,
                env=self._environment | {"PATH": os.environ["PATH"]},
            )
        for name, path in (programs or {}).items():
            self._link(name, path)
        before = self._snapshot() if programs or setup is not None else self._laid
        status, output, errors = self._play(script)
        calls = self._calls()
        after = self._snapshot()
        changed = tuple(
            sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        )
        effects = self._effects()
        if changed or setup is not None or programs:
            self._lay()
        for path in self._trace.iterdir():
            path.unlink()
        return Outcome(status, output, errors, calls, changed, effects)

    def _play(self, script: str) -> tuple[int | None, str, str]:
        text = f"{_PREPARE}eval {shlex.quote(script)} </dev/null\n{_PROBE.format(trace=self._trace)}"
        process = subprocess.Popen(
            [self._bash, "--norc", "--noprofile", "-c", text],
            cwd=self.work,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        status: int | None
        try:
            output, errors = process.communicate(timeout=self._seconds)
            status = process.returncode
        except subprocess.TimeoutExpired:
            status, output, errors = None, b"", b""
        _end(process)
        return status, output.decode(errors="replace"), errors.decode(errors="replace")

    def _calls(self) -> tuple[Call, ...]:
        path = self._trace / "calls"
        if not path.exists():
            return ()
        fields = path.read_bytes().decode(errors="surrogateescape").split("\0")
        calls = []
        position = 0
        while fields[position : position + 1] == ["call"]:
            pid, count = fields[position + 1], int(fields[position + 2])
            directory, name, *rest = fields[position + 3 : position + 5 + count]
            calls.append(
                Call(
                    (self._named(name), *rest),
                    self._relative(directory),
                    self._exported(pid),
                    self._read(pid),
                )
            )
            position += 5 + count
        return tuple(calls)

    def _named(self, path: str) -> str:
        return path.removeprefix(f"{self.root}/bin/")

    def _relative(self, directory: str) -> str:
        return os.path.relpath(directory, self.root)

    def _exported(self, pid: str) -> frozenset[str]:
        path = self._trace / f"{pid}.environment"
        lines = set(path.read_text(errors="surrogateescape").split("\n")) if path.exists() else set()
        names = {_name(line) for line in lines}
        differing = {
            line.removeprefix("export ") for line in lines - self._exports if _name(line) not in _OF_SHELLS
        }
        missing = {_name(line) for line in self._exports if _name(line) not in names}
        return frozenset(differing | missing - {"OLDPWD"})

    @cached_property
    def _exports(self) -> frozenset[str]:
        """As the stub says them for an environment that nobody touched."""
        subprocess.run(
            [self.root / "bin" / "git"], env=self._environment, cwd=self.work, check=True, capture_output=True
        )
        (path,) = self._trace.glob("*.environment")
        lines = frozenset(line for line in path.read_text().split("\n") if _name(line) not in _OF_SHELLS)
        for made in self._trace.iterdir():
            made.unlink()
        return lines

    def _read(self, pid: str) -> str:
        path = self._trace / f"{pid}.input"
        return path.read_text(errors="surrogateescape") if path.exists() else ""

    def _effects(self) -> str:
        path = self._trace / "effects"
        if not path.exists():
            return ""
        said = path.read_text(errors="surrogateescape")
        return "" if said == f"{self._environment['PATH']}| \t\n|{self._environment['HOME']}|||" else said

    def _snapshot(self) -> dict[str, tuple[int, int, int]]:
        found: dict[str, tuple[int, int, int]] = {}
        waiting = [str(self.root)]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    state = entry.stat(follow_symlinks=False)
                    folder = stat.S_ISDIR(state.st_mode)
                    if folder:
                        waiting.append(entry.path)
                    found[entry.path[len(str(self.root)) + 1 :]] = (
                        state.st_mode,
                        state.st_ino,
                        0 if folder else state.st_mtime_ns,
                    )
        return found

    def _lay(self) -> None:
        """Make the scratch directory as it was."""
        shutil.rmtree(self.root, ignore_errors=True)
        bin_ = self.root / "bin"
        bin_.mkdir(parents=True)
        for name, text in _FILES.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        stub = self._trace.parent / f"{self.root.name}.stub"
        if not stub.exists():
            stub.write_text(self._stub())
            stub.chmod(0o755)
        for name in {*WRAPPERS, *SHELLS, *FILTERS, *PLAIN}:
            (bin_ / name).symlink_to(stub)
        for name in _PROGRAMS:
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(stub)
        _ = self._exports
        self._laid = self._snapshot()

    def _link(self, name: str, path: Path) -> None:
        place = self.root / "bin" / name
        place.unlink(missing_ok=True)
        place.symlink_to(path)

    def _stub(self) -> str:
        real = {name: shutil.which(name) for name in WRAPPERS}
        real |= {"sh": "/bin/sh", "dash": "/bin/dash", "bash": str(self._bash)}
        execs = "\n".join(f'{name}) exec {path} "$@" ;;' for name, path in real.items() if path)
        return _STUB.format(trace=self._trace, execs=execs, filters=" | ".join(FILTERS), hostile=HOSTILE)


#: As the CLI prepares its shell.
_PREPARE: Final = "ulimit -t 3 -f 1024 -c 0\nshopt -s expand_aliases\nshopt -u extglob\n"
_PROBE: Final = (
    "builtin set -- $?\n"
    'builtin printf \'%s|\' "$PATH" "$IFS" "$HOME" "${{BASH_ENV-}}" "${{ENV-}}" "${{!LD_@}}" '
    "2>/dev/null >{trace}/effects\n"
    "builtin exit $1"
)


def _name(line: str) -> str:
    return line.removeprefix("export ").partition("=")[0]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End what the script left behind in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
