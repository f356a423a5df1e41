"""`hyperhive doctor`."""

import argparse
import dataclasses
from pathlib import Path
from typing import Final

from hyperhive.cli.config_files import load_broker
from hyperhive.cli.exit_codes import FAILED, OK
from hyperhive.cli.output import emit, printable
from hyperhive.config_toml import Places
from hyperhive.system.installation import dashboard_dir
from hyperhive.up.checks import Check, Outcome, Setting, run_checks
from hyperhive.up.places import choose_places

DETAILS: Final = """
Looks at the hive of --config, of ./hive.toml, or of this machine's /etc/hyperhive/broker.json; without any of
them it checks the machine with the defaults of `hyperhive up`."""
EXAMPLES: Final = """
  hyperhive doctor
  hyperhive doctor --config hive.toml
  hyperhive doctor --config /etc/hyperhive/broker.json"""

_HIVE: Final = "hive.toml"
_USUAL: Final = (Path(_HIVE), Path("/etc/hyperhive/broker.json"))
_PORT: Final = 7000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="a hive in TOML, or broker.json")
    parser.add_argument(
        "--state-dir", metavar="DIR", type=Path, default=Path(".hyperhive"), help="as for up (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Run every check."""
    usual = next((path for path in _USUAL if path.is_file()), None)
    checks = run_checks(_setting(args.config or usual, args.state_dir))
    failed = [check for check in checks if check.outcome is Outcome.FAILED]
    text = "\n".join(map(_shown, checks))
    emit(args, {"ok": not failed, "checks": [dataclasses.asdict(check) for check in checks]}, text)
    return FAILED if failed else OK


def _setting(path: Path | None, state_dir: Path) -> Setting:
    if path is None:
        places = choose_places(state_dir, dashboard_dir())
        return Setting(places, "127.0.0.1", _PORT, None, None, _HIVE)
    broker, hive = load_broker(path, state_dir)
    places = Places(Path(broker.state_dir), Path(broker.runtime_dir), Path(broker.dashboard_dir))
    cli = next((harness.claude.cli for harness in hive.harnesses.values()), None) if hive else None
    return Setting(
        places, broker.listen.host, broker.listen.port, Path(cli) if cli else None, hive, str(path)
    )


def _shown(check: Check) -> str:
    lines = [f"{check.outcome.value:8} {check.name}: {printable(check.found)}"]
    if check.outcome is Outcome.FAILED:
        lines += [f"         change: {check.option}", f"         try:    {check.command}"]
    return "\n".join(lines)
