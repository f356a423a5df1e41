"""`hyperhive doctor`."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hyperhive.cli.broker_socket import find_socket
from hyperhive.cli.command import FAILED, OK, add_socket, emit, printable
from hyperhive.cli.config_files import load_broker
from hyperhive.cli.streams import text_argument
from hyperhive.diagnosis.doctor import ADVICE
from hyperhive.diagnosis.probe import check
from hyperhive.errors import RemoteError
from hyperhive.protocol.diagnosis import Check, Diagnosis, Outcome
from hyperhive.system.admin import AdminClient, BrokerUnreachableError
from hyperhive.system.installation import dashboard_dir
from hyperhive.up.diagnosis import PROBES, Setting
from hyperhive.up.paths import choose_paths

DETAILS: Final = """
Looks at the hive of --config, of ./hive.toml, or of this machine's /etc/hyperhive/broker.json; without any of
them it checks the machine with the defaults of `hyperhive up`. A running broker adds what it sees of its
database, its sockets and its agents.

With --agent it asks the running broker for a self-test: the agent tries, without harm, what its container has
to refuse, and the broker looks at it from outside. What the agent says is as true as the agent is honest."""
EXAMPLES: Final = """
  hyperhive doctor
  hyperhive doctor --config hive.toml
  hyperhive doctor --config /etc/hyperhive/broker.json
  hyperhive doctor --agent coder"""

_HIVE: Final = "hive.toml"
_USUAL: Final = (Path(_HIVE), Path("/etc/hyperhive/broker.json"))
_PORT: Final = 7000
#: Longer than a self-test may take (`protocol/diagnosis.py`), so that the reason arrives.
_AGENT_SECONDS: Final = 45.0
_WORDS: Final = {"none": "no wall"}
_NOT_CONTAINED: Final = "agents of `hyperhive up` are processes of whoever started it: no walls were promised"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="a hive in TOML, or broker.json")
    parser.add_argument(
        "--state-dir", metavar="DIR", type=Path, default=Path(".hyperhive"), help="as for up (%(default)s)"
    )
    parser.add_argument(
        "--agent", metavar="NAME", type=text_argument, help="test the walls around this running agent instead"
    )
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    if args.agent is not None:
        return _test_agent(args)
    usual = next((path for path in _USUAL if path.is_file()), None)
    setting = _setting(args.config or usual, args.state_dir)
    checks = asyncio.run(check(PROBES, setting))
    known = {(one.key, one.about) for one in checks}
    checks += [one for one in _seen_by_broker(setting.admin_socket) if (one.key, one.about) not in known]
    bad = [one for one in checks if one.outcome is Outcome.FAILED]
    text = "\n".join(map(_shown, checks))
    emit(args, {"ok": not bad, "checks": [one.model_dump(mode="json") for one in checks]}, text)
    return FAILED if bad else OK


def _seen_by_broker(path: Path) -> list[Check]:
    """The checks of the running broker; none where the check `broker` says that it does not answer."""
    if not path.exists():
        return []
    try:
        answer = AdminClient(path).get("/api/doctor")
    except BrokerUnreachableError:
        return []
    except RemoteError as error:
        return [
            Check(
                key="running_broker",
                name="running broker",
                outcome=Outcome.SKIPPED,
                found=f"it did not look: {error}",
            )
        ]
    return Diagnosis.model_validate_json(json.dumps(answer)).checks


def _setting(path: Path | None, state_dir: Path) -> Setting:
    broker, hive = (None, None) if path is None else load_broker(path, state_dir)
    host, port = ("127.0.0.1", _PORT) if broker is None else (broker.listen.host, broker.listen.port)
    cli = next((harness.claude.cli for harness in hive.harnesses.values()), None) if hive else None
    files = broker or choose_paths(state_dir, dashboard_dir())
    return Setting(
        state_dir=Path(files.state_dir),
        runtime_dir=Path(files.runtime_dir),
        dashboard_dir=Path(files.dashboard_dir),
        advice=ADVICE["process"],
        host=host,
        port=port,
        claude=Path(cli) if cli else None,
        hive=hive,
        config=str(path or _HIVE),
    )


def _shown(one: Check) -> str:
    name = f"{one.about}: {one.name}" if one.about else one.name
    lines = [f"{one.outcome.value:8} {name}: {printable(one.found)}"]
    if one.outcome is Outcome.FAILED:
        lines += [f"         change: {one.option}", f"         try:    {one.command}"]
    return "\n".join(lines)


def _test_agent(args: argparse.Namespace) -> int:
    if args.config is None or args.socket is not None:
        path = find_socket(args.socket)
    else:
        path = Path(load_broker(args.config, args.state_dir)[0].runtime_dir) / "admin.sock"
    route = f"/api/agents/{quote(args.agent, safe='')}/selftest"
    test = AdminClient(path, _AGENT_SECONDS).post(route, {})
    parts = (("seen by the broker:", test["outside"]), ("said by the agent itself:", test["inside"]))
    lines = [line for title, findings in parts for line in (title, *map(_told, findings))]
    lines += [_sum(test), *([] if test["contained"] else [_NOT_CONTAINED])]
    emit(args, test, "\n".join(lines))
    return OK if test["ok"] else FAILED


def _told(finding: dict[str, Any]) -> str:
    outcome = _WORDS.get(finding["outcome"], finding["outcome"])
    line = f"{outcome:8} {finding['name']}: {finding['found']}"
    return printable(line if finding["outcome"] == "ok" else f"{line}\n         {finding['meaning']}")


def _sum(test: dict[str, Any]) -> str:
    outcomes = [finding["outcome"] for finding in (*test["outside"], *test["inside"])]
    counts = [
        f"{outcomes.count(outcome)} {_WORDS.get(outcome, outcome)}" for outcome in dict.fromkeys(outcomes)
    ]
    return f"{test['agent']}: {', '.join(counts)}"
