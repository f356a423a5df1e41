"""The flake and the package, evaluated with stand-ins for what nixpkgs has."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.nixos import nix

HERE: Final = Path(__file__).parent
PROJECT: Final = HERE.parent.parent
#: The Python packages of nixpkgs 26.05, as far as this project uses them: name -> version.
VERSIONS: Final = dict(
    line.split("==")
    for line in (PROJECT / "constraints" / "nixpkgs-26.05.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)


def need_flake() -> None:
    """Skip the caller's tests where no flake can be evaluated."""
    nix.need_library()
    if not (nix.ROOT / "flake.nix").is_file():
        pytest.skip(f"no flake.nix in {nix.ROOT}", allow_module_level=True)


def nixpkgs(directory: Path) -> Path:
    """Put the stand-in for nixpkgs into a new directory there and return it."""
    made = directory / "nixpkgs"
    made.mkdir()
    shutil.copyfile(HERE / "nixpkgs.nix", made / "default.nix")
    (made / "versions.json").write_text(json.dumps(VERSIONS), encoding="utf-8")
    (made / "lib").symlink_to(nix.library() / "lib")
    return made


def outputs(directory: Path, select: str) -> Any:
    """What the function `select`, in Nix, makes of the flake's outputs; `directory` has `nixpkgs` in it."""
    expression = f"""
      {{ file, root, nixpkgs }}:
      ({select}) (import file {{ root = /. + root; inherit nixpkgs; }})
    """
    return nix.evaluate(
        expression, file=str(HERE / "outputs.nix"), root=str(nix.ROOT), nixpkgs=str(directory / "nixpkgs")
    )


def program(name: str) -> str:
    """The path of a program; skips the caller's test where there is none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here")
    return found


def run(*command: str | Path, cwd: Path) -> str:
    """What a program prints; it must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
