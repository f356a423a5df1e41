"""Claude Code's managed settings, as committed; `python -m tests.nixos.managed_settings` writes them anew."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from tests.nixos import nix

#: Case -> `policy`, which a person writes, and `settings`, what the module makes of it.
FILE: Final = Path(__file__).with_suffix(".json")


def committed() -> dict[str, Any]:
    """The cases as the file has them."""
    cases: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return cases


def settings(case: str) -> dict[str, Any]:
    """What stands in `/etc/claude-code/managed-settings.json` in the given case."""
    found: dict[str, Any] = committed()[case]["settings"]
    return found


def evaluated() -> dict[str, Any]:
    """The cases with the settings that the module gives now.

    Raises:
        EvaluationError: It refuses one of them.
    """
    cases = committed()
    module = f'import {nix.MODULES}/managed-settings.nix {{ lib = import (lib + "/lib"); }}'
    policies = json.dumps({case: known["policy"] for case, known in cases.items()})
    found = nix.evaluate(
        f"{{ lib, policies }}: builtins.mapAttrs (_: {module}) (builtins.fromJSON policies)",
        lib=str(nix.library()),
        policies=policies,
    )
    return {
        case: {"policy": known["policy"], "settings": found[case]} for case, known in sorted(cases.items())
    }


def main() -> int:
    """Write the file."""
    FILE.write_text(json.dumps(evaluated(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
