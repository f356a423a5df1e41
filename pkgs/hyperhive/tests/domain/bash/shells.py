"""Plays scripts in a real Bash, in a scratch directory, with stubs for programs that note how they start.

`HYPERHIVE_BASH=/path` adds another Bash; `tools/install-bash` puts a newer one where it is found.
"""

import contextlib
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

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
    "time", "mktemp", "file", "gitk", "kill",
)  # fmt: skip
#: What programs print may come from anybody; this is what an evaluated value would give away.
HOSTILE: Final = "a[$(touch MARKER)]"

_STUB: Final = r"""#!/bin/dash
# A shell that becomes the last program of its script keeps its number.
own=$$
while test -e {trace}/$own.environment; do own=$own-; done
printf '%s\0' call "$own" "$#" "$PWD" "$0" "$@" >>{trace}/calls
export -p >{trace}/$own.environment
name=${{0##*/}}
case $name:$* in find:*-delete* | find:*-fprint* | find:*-fls*) name=none ;; esac
case $name in
{execs}
date) case $* in *+%s*) echo 1700000000 ;; *) echo today ;; esac ;;
seq) printf '1\n2\n' ;;
nproc) echo 2 ;;
wc) while read -r line; do :; done; echo 3 ;;
{filters})
  file=
  for word; do case $word in -?*) ;; *) file=$word ;; esac; done
  case $name:$# in *:0 | cat:1 | tee:*) ;; *) test "$file" && test -f "$file" && exec <"$file" ;; esac
  while IFS= read -r line || test "$line"; do
    printf '%s\n' "$line"
    printf '%s\n' "$line" >>{trace}/$own.input
  done
  ;;
git)
  case $*: in *-: | *--stdin:)
    while IFS= read -r line || test "$line"; do printf '%s\n' "$line" >>{trace}/$own.input; done
  esac
  printf '%s\n' "git $*" '{hostile}'
  ;;
busybox | watch) echo "$name" ;;
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
_PROGRAMS: Final = (
    *("work/gradlew", "work/scripts/build.sh", "work/5/git", "work/src/gradlew", "work/src/scripts/build.sh"),
)
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
    """One Bash with a scratch directory of its own; plays one script after the other.

    Where that is possible as a user who may not do much: a line is allowed to be as bad as it can.
    """

    def __init__(self, bash: Path, *, seconds: float = 3) -> None:
        place = tempfile.mkdtemp(prefix="hyperhive-bash-")
        weakref.finalize(self, _remove, place)
        Path(place).chmod(0o755)
        self.root = Path(place, "scratch")
        self.work = self.root / "work"
        self._bash = Path(place, "bash")
        shutil.copy(bash, self._bash)
        self._programs = Path(place, "bin")
        self._trace = Path(place, "trace")
        self._trace.mkdir()
        self._seconds = seconds
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._own(self._trace)
        self._environment = {
            "PATH": str(self._programs),
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "PWD": str(self.work),
            "DIR": "src",
            "X": "5",
            "FILES": "a.py b.py",
        }
        self._plant()
        self._lay()

    def run(self, script: str, *, setup: str | None = None) -> Outcome:
        """Play a script as the CLI does: as the argument of `eval`, without input.

        `setup` plants what it needs, with the programs of this machine.
        """
        if setup is not None:
            environment = self._environment | {"PATH": os.environ["PATH"]}
            subprocess.run([self._bash, "-c", setup], cwd=self.work, check=True, env=environment)
            self._own(self.root)
        before = self._laid if setup is None else self._snapshot()
        status, output, errors = self._play(script)
        calls = self._calls()
        after = self._snapshot()
        names = before.keys() | after.keys()
        changed = tuple(sorted(name for name in names if before.get(name) != after.get(name)))
        effects = self._effects()
        if changed or setup is not None:
            self._lay()
        self._forget()
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
            **self._as,
        )
        status: int | None
        try:
            output, errors = process.communicate(timeout=self._seconds)
            status = process.returncode
        except subprocess.TimeoutExpired:
            status, output, errors = None, b"", b""
        _end(process)
        return status, output.decode(errors="replace"), errors.decode(errors="replace")

    @property
    def _as(self) -> dict[str, Any]:
        user = self._user
        return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}

    def _own(self, path: Path) -> None:
        """Give a directory and what is in it to who plays."""
        if self._user is not None:
            for found in (path, *path.rglob("*")):
                os.chown(found, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)

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
            argv = (name.removeprefix(f"{self._programs}/"), *rest)
            place = os.path.relpath(directory, self.root)
            calls.append(Call(argv, place, self._exported(pid), self._read(pid)))
            position += 5 + count
        return tuple(calls)

    def _forget(self) -> None:
        for path in self._trace.iterdir():
            path.unlink()

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
        program = [self._programs / "git"]
        subprocess.run(program, env=self._environment, cwd=self.work, check=True, capture_output=True)
        (path,) = self._trace.glob("*.environment")
        said = path.read_text()
        self._forget()
        return frozenset(line for line in said.split("\n") if _name(line) not in _OF_SHELLS)

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
        for name, text in _FILES.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for name in _PROGRAMS:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(self._programs / "stub")
        _ = self._exports
        self._own(self.root)
        self._laid = self._snapshot()

    def _plant(self) -> None:
        """Make the programs, for good."""
        self._programs.mkdir()
        stub = self._programs / "stub"
        stub.write_text(self._stub_text())
        stub.chmod(0o755)
        for name in (*WRAPPERS, *SHELLS, *FILTERS, *PLAIN):
            (self._programs / name).symlink_to(stub)
        self._programs.chmod(0o555)

    def _stub_text(self) -> str:
        real = {name: shutil.which(name) for name in WRAPPERS}
        real |= {"sh": "/bin/sh", "dash": "/bin/dash", "bash": str(self._bash)}
        execs = "\n".join(f'{name}) exec {path} "$@" ;;' for name, path in real.items() if path)
        return _STUB.format(trace=self._trace, execs=execs, filters=" | ".join(FILTERS), hostile=HOSTILE)


#: As the CLI prepares its shell.
_PREPARE: Final = "ulimit -t 3 -f 1024 -c 0\nenable -n kill\nshopt -s expand_aliases\nshopt -u extglob\n"
_PROBE: Final = (
    "builtin set -- $?\n"
    "builtin wait\n"
    'builtin printf \'%s|\' "$PATH" "$IFS" "$HOME" "${{BASH_ENV-}}" "${{ENV-}}" "${{!LD_@}}" '
    "2>/dev/null >{trace}/effects\n"
    "builtin exit $1"
)


def _remove(place: str) -> None:
    Path(place, "bin").chmod(0o755)
    shutil.rmtree(place)


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
