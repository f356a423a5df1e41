"""Nix for the tests of the modules: the program, the trees it evaluates, and what it says when it refuses."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

#: The checkout; where the package is built alone there are no modules beside it.
ROOT: Final = Path(__file__).resolve().parents[4]
MODULES: Final = ROOT / "modules"
#: Hives, and the expression that evaluates them; its README says where the trees come from.
EVAL: Final = ROOT / "nixos-tests" / "eval"

NIX_INSTANTIATE: Final = shutil.which("nix-instantiate")
_CACHE: Final = Path.home() / ".cache" / "hyperhive"
_HOW: Final = f"{EVAL.relative_to(ROOT)}/README.md says how to get it"
_SECONDS: Final = 110.0


class EvaluationError(Exception):
    """Nix refused; the text is what it said, without colours."""


def library() -> Path:
    """Where a current nixpkgs `lib` is, as a tree with `lib/` in it."""
    return Path(os.environ.get("HYPERHIVE_NIXPKGS_LIB") or _CACHE / "nixpkgs-lib")


def tree() -> Path:
    """Where a whole nixpkgs is, for the systems that the modules are evaluated in."""
    return Path(os.environ.get("HYPERHIVE_NIXPKGS") or _CACHE / "nixpkgs")


def lacking() -> str | None:
    """What is missing to evaluate whole systems, or None."""
    if not (tree() / "nixos" / "lib" / "eval-config.nix").is_file():
        return f"no nixpkgs in {tree()}: set HYPERHIVE_NIXPKGS; {_HOW}"
    return _without_library()


def need_library() -> None:
    """Skip the caller's tests where nothing can be evaluated, and say what is missing."""
    _skip(_without_library())


def need_tree() -> None:
    """Skip the caller's tests where no NixOS can be evaluated, and say what is missing."""
    _skip(lacking())


def need_nix() -> None:
    """Skip the caller's tests where Nix files cannot even be read, and say what is missing."""
    _skip(_without_nix())


def evaluate(expression: str | Path, **arguments: str) -> Any:
    """The value of a Nix function of strings, as JSON has it.

    Args:
        expression: The function's text, or the file that it stands in.
        arguments: Handed to the function by name.

    Raises:
        EvaluationError: Evaluation failed.
    """
    source = [str(expression)] if isinstance(expression, Path) else ["--expr", expression]
    given = [word for name, value in arguments.items() for word in ("--argstr", name, value)]
    return json.loads(instantiate("--eval", "--strict", "--json", *given, *source))


def hives(attribute: str) -> Any:
    """The value of an attribute of `nixos-tests/eval`, such as `toplevels.full` or `sized 3`.

    Raises:
        EvaluationError: Evaluation failed.
    """
    return evaluate(
        f'{{ nixpkgs, lib }}: (import "{EVAL}" {{ inherit nixpkgs lib; }}).{attribute}',
        nixpkgs=str(tree()),
        lib=str(library() / "lib"),
    )


def instantiate(*arguments: str) -> str:
    """What `nix-instantiate` prints.

    Raises:
        EvaluationError: It failed.
    """
    done = subprocess.run(
        [str(NIX_INSTANTIATE), *arguments],
        # This store needs no directory and no daemon, and nothing can be put into it.
        env={**os.environ, "NIX_REMOTE": "dummy://", "NIX_PATH": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode != 0:
        raise EvaluationError(done.stderr)
    return done.stdout


def _without_nix() -> str | None:
    if not MODULES.is_dir():
        return f"no modules in {ROOT}"
    if NIX_INSTANTIATE is None:
        return "no Nix: install it to evaluate the modules"
    return None


def _without_library() -> str | None:
    if not (library() / "lib" / "default.nix").is_file():
        return f"no nixpkgs lib in {library()}: set HYPERHIVE_NIXPKGS_LIB; {_HOW}"
    return _without_nix()


def _skip(reason: str | None) -> None:
    if reason is not None:
        pytest.skip(reason, allow_module_level=True)
