"""What root of an agent's container plants is neither run nor followed by the host: hooks, units, links."""

import shlex

STATE = "/var/lib/hyperhive/agents/alice/state"
#: Where the host would come to harm.
TRAP = "/srv/trap"
DIRECTORIES = ("etc", "lib", "log", "resolv", "root", "var")
ALICE = "container@h-alice.service"
#: Writes systemd's id of the present run of Alice's container.
INVOCATION = f"systemctl show {ALICE} --property=InvocationID --value"


def trap() -> str:
    """What is in the trap, and how and since when it looks so."""
    return machine.succeed(f"find {TRAP} -printf '%p %M %u %g %s %i %C@\\n' | sort")


def link(*names: str) -> str:
    """Shell line that puts links into the trap in the place of parts of Alice's root."""
    return " && ".join(
        f"mv /{name} /{name}.old && ln --symbolic {TRAP}/{name.rpartition('/')[2]} /{name}" for name in names
    )


machine.wait_for_unit("hyperhive.service")
machine.succeed(ENTER)
machine.wait_for_unit(ALICE)
for directory in DIRECTORIES:
    machine.succeed(f"install --directory --mode 0711 {TRAP}/{directory}")
machine.succeed(f"echo untouched > {TRAP}/file && chmod 0600 {TRAP}/file")
untouched = trap()

with subtest("hooks, profiles, units and links are planted in its state, its home and where units belong"):
    run = f"#!/bin/sh\ntouch {TRAP}/run\n"
    planted = {
        ".git/hooks/post-checkout": run,
        ".git/hooks/pre-commit": run,
        ".git/config": f"[core]\n\tfsmonitor = touch {TRAP}/run\n[diff]\n\texternal = touch {TRAP}/run\n",
        ".git/HEAD": "ref: refs/heads/main\n",
        ".bashrc": run,
        ".profile": run,
        "planted.service": f"[Service]\nExecStart=touch {TRAP}/run\n[Install]\nWantedBy=multi-user.target\n",
    }
    write = "\n".join(
        f"printf %s {shlex.quote(text)} > {path} && chmod 0755 {path}" for path, text in planted.items()
    )
    places = "/agents/alice/state /root /etc/systemd/system /run/systemd/system"
    machine.succeed(
        inside(
            "alice",
            f"set -e\nfor place in {places}; do mkdir --parents $place/.git/hooks; cd $place\n{write}\ndone",
        )
    )
    machine.succeed(
        inside("alice", f"cd /agents/alice/state && ln --symbolic {TRAP}/file {TRAP}/etc {TRAP}/new .")
    )

with subtest("the host runs none of it and follows no link"):
    for command in (
        "systemd-tmpfiles --create",
        "systemctl daemon-reload",
        "systemctl restart hyperhive.service",
    ):
        machine.succeed(command)
    machine.fail("systemctl cat planted.service")
    assert trap() == untouched, trap()

with subtest("nor when the broker restarts its container, with links in its root as well"):
    files = "umount /etc/machine-id 2> /dev/null; rm --force /etc/machine-id /etc/os-release /etc/resolv.conf"
    links = " && ".join(
        f"ln --symbolic {TRAP}/{target} /etc/{name}"
        for name, target in {"machine-id": "new", "os-release": "newer", "resolv.conf": "resolv"}.items()
    )
    machine.succeed(inside("alice", f"{files}; {links} && {link('root', 'var/lib', 'var/log')}"))
    last = machine.succeed(INVOCATION).strip()
    machine.succeed("hyperhive restart alice")
    machine.wait_until_succeeds(f"test $({INVOCATION}) != {last}")
    machine.wait_for_unit(ALICE)
    machine.succeed(f"test -L {STATE}/file && test -L {STATE}/new && test -e {STATE}/planted.service")
    assert trap() == untouched, trap()

with subtest("Alice lives on after it"):
    machine.wait_until_succeeds(in_state("alice", "idle"))

with subtest(
    "nor are they followed when all of its /etc and /var is a link and the container restarts itself"
):
    registered = "journalctl --unit=systemd-machined.service | grep --count 'New machine h-alice'"
    before = machine.succeed(registered).strip()
    leave = f"{link('var', 'etc')}; systemctl reboot"
    machine.succeed(f"{alone('alice', leave)} > /dev/null 2>&1 &")
    # By what the start script ends with; without its /etc it need not come up any further.
    machine.wait_until_succeeds(f"test $({registered}) -gt {before}")
    assert trap() == untouched, trap()
