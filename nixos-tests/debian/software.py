"""What rendered files look for in /nix/store: hyperhive with all it needs, Claude Code, Debian's programs."""

import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Final

from cache import Cache, Key
from steps import Steps

PROJECT: Final = Path(__file__).resolve().parents[2] / "pkgs" / "hyperhive"
#: Of the Python in trixie.
PYTHON: Final = "3.13"
STORE: Final = Path("nix/store")

_CONSTRAINTS: Final = PROJECT / "constraints" / "newest.txt"
#: What trixie's C library runs, newest first.
_PLATFORMS: Final = (
    "manylinux_2_34_x86_64",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "manylinux_2_12_x86_64",
    "manylinux2010_x86_64",
    "manylinux_2_5_x86_64",
    "manylinux1_x86_64",
)
_BUNDLED: Final = Path("claude_agent_sdk/_bundled/claude")
#: Package -> its directories, as links to Debian's.
_USR: Final = {"bin": "/usr/bin", "sbin": "/usr/sbin"}
_DEBIAN: Final = {
    **dict.fromkeys(
        (
            "bash-interactive",
            "coreutils",
            "e2fsprogs",
            "findutils",
            "git",
            "gnugrep",
            "gnused",
            "jq",
            "python3",
            "ripgrep",
            "systemd",
        ),
        _USR,
    ),
    "nftables": {"bin": "/usr/sbin"},
}
_COMMAND: Final = """\
#!/nix/store/hyperhive/bin/python3
import sys

from hyperhive.cli import main

sys.exit(main())
"""


def wheel(directory: Path, steps: Steps) -> Path:
    """Build the project's own wheel into a directory; the same sources make the same bytes."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    steps.run("building hyperhive's wheel", build, cwd=PROJECT)
    (built,) = directory.glob("*.whl")
    return built


def dependencies(cache: Cache, steps: Steps) -> Path:
    """The directory with what hyperhive needs at run time, Claude Code included."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted: list[str] = project["dependencies"]
    key = Key().text(PYTHON, *_PLATFORMS, *wanted).files(_CONSTRAINTS)

    def make(directory: Path) -> None:
        with cache.scratch("wheels-") as wheels:
            download = [*_pip("download"), "--constraint", str(_CONSTRAINTS), *_target()]
            steps.run("downloading wheels", [*download, "--dest", str(wheels), *wanted])
            found = sorted(str(path) for path in wheels.glob("*.whl"))
            offline = [*_pip("install"), "--no-index", "--no-deps", "--no-compile", *_target()]
            steps.run("unpacking wheels", [*offline, "--target", str(directory / "site-packages"), *found])

    return cache.entry("dependencies", key, make) / "site-packages"


def put(root: Path, installed: Path, own: Path, steps: Steps) -> None:
    """Lay out /nix/store below a root directory.

    Args:
        root: Of the machine to be.
        installed: What `dependencies` returned.
        own: The project's wheel.
        steps: Runs pip.
    """
    hyperhive = root / STORE / "hyperhive"
    packages = hyperhive / "lib" / f"python{PYTHON}" / "site-packages"
    # Hundreds of megabytes that nobody changes need not be copied twice.
    shutil.copytree(installed, packages, symlinks=True, copy_function=os.link)
    claude = root / STORE / "claude-code" / "bin"
    claude.mkdir(parents=True)
    (packages / _BUNDLED).rename(claude / "claude")
    offline = [*_pip("install"), "--no-index", "--no-deps", "--no-compile", *_target()]
    steps.run("unpacking hyperhive", [*offline, "--target", str(packages), str(own)])
    # The programs in it name the Python of this host.
    shutil.rmtree(packages / "bin", ignore_errors=True)
    _environment(hyperhive)
    for package, directories in _DEBIAN.items():
        for name, target in directories.items():
            _link(root / STORE / package / name, target)
    for command, package in {"hyperhive": "hyperhive", "claude": "claude-code"}.items():
        _link(root / "usr" / "local" / "bin" / command, f"/{STORE}/{package}/bin/{command}")


def packages() -> set[str]:
    """Names in the store."""
    return {"claude-code", "hyperhive", *_DEBIAN}


def _environment(hyperhive: Path) -> None:
    """Make a virtual environment around site-packages."""
    settings = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {PYTHON}\n"
    (hyperhive / "pyvenv.cfg").write_text(settings, encoding="utf-8")
    command = hyperhive / "bin" / "hyperhive"
    command.parent.mkdir()
    command.write_text(_COMMAND, encoding="utf-8")
    command.chmod(0o755)
    _link(command.parent / "python3", "/usr/bin/python3")
    dashboard = f"../../lib/python{PYTHON}/site-packages/hyperhive/dashboard"
    _link(hyperhive / "share" / "hyperhive" / "dashboard", dashboard)


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", command, "--disable-pip-version-check", "--no-input"]


def _target() -> list[str]:
    """Take what runs on the machine, not what runs here."""
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    abis = ["--abi", f"cp{PYTHON.replace('.', '')}", "--abi", "abi3", "--abi", "none"]
    return [
        "--only-binary=:all:",
        "--python-version",
        PYTHON,
        "--implementation",
        "cp",
        *abis,
        *platforms,
    ]
