"""The broker's polkit rule, run as polkit runs it."""

import itertools
import json
import shutil
import subprocess
from typing import Final, NamedTuple

import pytest

from tests.nixos import nix

nix.need_library()
NODE: Final = shutil.which("node") or ""
if not NODE:
    pytest.skip("no node: install Debian's package nodejs", allow_module_level=True)

MANAGE: Final = "org.freedesktop.systemd1.manage-units"
UNITS: Final = ("container@h-alice.service", "container@h-bob.service")

#: Reads [rule, cases] and prints a decision for each case; a second rule would be noticed.
INTERPRETER: Final = """
const [rule, cases] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const rules = [];
const polkit = {
  Result: { YES: "yes", NO: "no", NOT_HANDLED: null },
  addRule: (decide) => rules.push(decide),
};
new Function("polkit", rule)(polkit);
const decisions = cases.map(({ user, action, details }) => {
  const lookup = (key) => (Object.hasOwn(details, key) ? details[key] : undefined);
  return rules.map((decide) => decide({ id: action, lookup }, { user, isInGroup: () => true }));
});
console.log(JSON.stringify(decisions));
"""


class Case(NamedTuple):
    """A question to polkit; None is a detail that the question does not have."""

    user: str = "hyperhive"
    action: str = MANAGE
    unit: str | None = UNITS[0]
    verb: str | None = "start"


#: Each differs in one thing from a question that is answered with yes.
UNDECIDED: Final = (
    Case(user="root"),
    Case(user="hyperhive2"),
    Case(user=""),
    Case(user="HYPERHIVE"),
    Case(action="org.freedesktop.systemd1.manage-unit-files"),
    Case(action="org.freedesktop.systemd1.reload-daemon"),
    Case(action="org.freedesktop.systemd1.set-environment"),
    Case(action="org.freedesktop.machine1.manage-machines"),
    Case(action=f"{MANAGE}.other"),
    Case(unit=None),
    Case(unit=""),
    Case(unit="container@h-carol.service"),
    Case(unit="container@alice.service"),
    Case(unit="container@h-alice"),
    Case(unit="container@.service"),
    Case(unit="container@h-alice.service "),
    Case(unit="container@h-alice.service\n"),
    Case(unit="container@h-alice.service\nsshd.service"),
    Case(unit="sshd.service\ncontainer@h-alice.service"),
    Case(unit="container@h-alice.service.d"),
    Case(unit="xcontainer@h-alice.service"),
    Case(unit="container@h-alice-2.service"),
    Case(unit="CONTAINER@h-alice.service"),
    Case(unit="systemd-nspawn@h-alice.service"),
    Case(unit="hyperhive.service"),
    Case(unit="hyperhive-network.service"),
    Case(unit="container@h-alice.service,container@h-bob.service"),
    Case(unit="0"),
    Case(unit="length"),
    Case(verb=None),
    Case(verb=""),
    Case(verb="reload"),
    Case(verb="kill"),
    Case(verb="reset-failed"),
    Case(verb="set-property"),
    Case(verb="freeze"),
    Case(verb="clean"),
    Case(verb="try-restart"),
    Case(verb="reload-or-restart"),
    Case(verb="enqueue"),
    Case(verb="start\n"),
    Case(verb="START"),
    Case(verb="start,stop"),
)


def decide(units: tuple[str, ...], cases: tuple[Case, ...]) -> dict[Case, list[str | None]]:
    """What every rule of the rendered text decides in each case."""
    rule = nix.evaluate(
        "{ lib, file, units }: import file { lib = import lib; }"
        ' { user = "hyperhive"; units = builtins.fromJSON units; }',
        lib=str(nix.library() / "lib"),
        file=str(nix.MODULES / "polkit.nix"),
        units=json.dumps(units),
    )
    asked = [
        {
            "user": case.user,
            "action": case.action,
            "details": {
                key: value for key, value in (("unit", case.unit), ("verb", case.verb)) if value is not None
            },
        }
        for case in cases
    ]
    done = subprocess.run(
        [NODE, "-e", INTERPRETER],
        input=json.dumps([rule, asked]),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return dict(zip(cases, json.loads(done.stdout), strict=True))


def test_the_broker_may_start_stop_and_restart_its_agents() -> None:
    cases = tuple(
        Case(unit=unit, verb=verb) for unit, verb in itertools.product(UNITS, ("start", "stop", "restart"))
    )
    assert decide(UNITS, cases) == {case: ["yes"] for case in cases}


def test_the_rule_leaves_everything_else_to_others() -> None:
    assert decide(UNITS, UNDECIDED) == {case: [None] for case in UNDECIDED}


def test_a_hive_without_agents_allows_nothing() -> None:
    cases = (Case(), *UNDECIDED)
    assert decide((), cases) == {case: [None] for case in cases}
