"""The agents' packet filter, loaded by the kernel between a host, two agents and the world outside."""

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.nixos import nix
from tests.nixos.namespaces import Namespace, Target, answers, link, missing

nix.need_library()
if reason := missing():
    pytest.skip(reason, allow_module_level=True)

HOST: Final = "10.231.0.1"
ALICE: Final = "10.231.3.17"
BOB: Final = "10.231.3.18"
PUBLIC: Final = "11.22.33.44"
#: The host's own address in its network, and three neighbours there, which are all one machine.
HOST_LAN, ALLOWED, NAMESERVER, NEIGHBOUR = (f"192.168.50.{number}" for number in (1, 20, 53, 99))
METADATA: Final = "169.254.169.254"
CARRIER: Final = "100.64.0.9"
DASHBOARD: Final = 7000
GATEWAY: Final = 4000

NETWORK: Final[Mapping[str, object]] = {
    "subnet": "10.231.0.0/20",
    "host": HOST,
    "hostPorts": [GATEWAY],
    "nameservers": [NAMESERVER],
    "privateDestinations": [ALLOWED, "192.168.77.0/24", "192.168.77.7"],
}


def rules(**changes: Any) -> str:
    """What NixOS renders."""
    arguments = json.dumps({**NETWORK, **changes})
    return str(
        nix.evaluate(
            "{ lib, file, arguments }: import file { lib = import lib; } (builtins.fromJSON arguments)",
            lib=str(nix.library() / "lib"),
            file=str(nix.MODULES / "nftables.nix"),
            arguments=arguments,
        )
    )


@dataclass
class Machines:
    """A host with two agents and one machine outside that has every address there is."""

    host: Namespace = field(default_factory=Namespace)
    alice: Namespace = field(default_factory=Namespace)
    bob: Namespace = field(default_factory=Namespace)
    outside: Namespace = field(default_factory=Namespace)

    def all(self) -> list[Namespace]:
        return [self.host, self.alice, self.bob, self.outside]

    def load(self, text: str) -> None:
        self.host.command("nft", "-f", "-", given=text)


@pytest.fixture(scope="module")
def rendered() -> str:
    return rules()


@pytest.fixture
def machines(rendered: str) -> Iterator[Machines]:
    """The rules are loaded, and everybody listens everywhere on the ports that the tests call."""
    made = Machines()
    with made.host, made.alice, made.bob, made.outside:
        for one in made.all():
            # An address can be used at once, without asking whether it is somebody else's.
            one.setting("ipv6/conf/default/accept_dad", 0)
        made.host.setting("ipv4/ip_forward", 1)
        _agent(made, made.alice, "alice", ALICE)
        _agent(made, made.bob, "bob", BOB)
        _outside(made)
        for family in ("0.0.0.0", "::"):
            made.host.serve(family, DASHBOARD)
            made.host.serve(family, GATEWAY)
            made.alice.serve(family, 80)
            made.bob.serve(family, 80)
        made.load(rendered)
        yield made


def _agent(machines: Machines, agent: Namespace, name: str, address: str) -> None:
    """What the units of NixOS containers do."""
    link(machines.host, f"ve-h-{name}", agent, "eth0")
    machines.host.command("ip", "address", "add", HOST, "dev", f"ve-h-{name}")
    machines.host.command("ip", "route", "add", address, "dev", f"ve-h-{name}")
    agent.command("ip", "address", "add", address, "dev", "eth0")
    agent.command("ip", "route", "add", HOST, "dev", "eth0")
    agent.command("ip", "route", "add", "default", "via", HOST)


def _outside(machines: Machines) -> None:
    link(machines.host, "lan0", machines.outside, "eth0")
    machines.host.command("ip", "address", "add", f"{HOST_LAN}/24", "dev", "lan0")
    machines.host.command("ip", "route", "add", "default", "via", NEIGHBOUR)
    for address in (ALLOWED, NAMESERVER, NEIGHBOUR):
        machines.outside.command("ip", "address", "add", f"{address}/24", "dev", "eth0")
    for address in (PUBLIC, METADATA, CARRIER):
        machines.outside.command("ip", "address", "add", address, "dev", "lo")
    # It finds the way to the agents, so that only the rules can be what stops it.
    machines.outside.command("ip", "route", "add", "10.231.0.0/20", "via", HOST_LAN)


def _link_local(namespace: Namespace, device: str) -> str:
    shown = json.loads(
        namespace.command("ip", "-json", "-6", "address", "show", "dev", device, "scope", "link")
    )
    return str(shown[0]["addr_info"][0]["local"])


def _targets(machines: Machines) -> set[Target]:
    """Everything that an agent could try."""
    for port in (80, 53):
        machines.outside.serve("0.0.0.0", port)
    host6 = f"{_link_local(machines.host, 've-h-alice')}%eth0"
    return {
        *((address, port) for address in (HOST, HOST_LAN, host6) for port in (DASHBOARD, GATEWAY)),
        (BOB, 80),
        *(
            (address, port)
            for address in (PUBLIC, ALLOWED, NAMESERVER, NEIGHBOUR, METADATA, CARRIER)
            for port in (80, 53)
        ),
    }


def test_an_agent_reaches_what_it_may_and_nothing_else(machines: Machines) -> None:
    targets = _targets(machines)
    expected = {
        (HOST, GATEWAY),
        (PUBLIC, 80),
        (PUBLIC, 53),
        (ALLOWED, 80),
        (ALLOWED, 53),
        (NAMESERVER, 53),
    }
    assert machines.alice.reached(targets, expected) == expected
    # Nothing else in this set-up keeps it from the rest.
    machines.host.command("nft", "delete", "table", "inet", "hyperhive")
    assert machines.alice.reached(targets, targets) == targets


def test_an_agent_with_no_more_than_the_public_internet(machines: Machines) -> None:
    targets = _targets(machines)
    machines.load(rules(hostPorts=[], nameservers=[], privateDestinations=[]))
    expected = {(PUBLIC, 80), (PUBLIC, 53)}
    assert machines.alice.reached(targets, expected) == expected


def test_a_nameserver_on_the_host_answers_names_and_nothing_else(machines: Machines) -> None:
    machines.host.serve("0.0.0.0", 53)
    targets = [(address, port) for address in (HOST, HOST_LAN) for port in (53, DASHBOARD)]
    assert machines.alice.reached(targets) == set()
    machines.load(rules(nameservers=[HOST]))
    assert machines.alice.reached(targets, {(HOST, 53)}) == {(HOST, 53)}


def test_the_world_sees_the_host_and_not_the_agent(machines: Machines) -> None:
    server = machines.outside.serve("0.0.0.0", 80)
    for target in (PUBLIC, ALLOWED):
        machines.alice.connect((target, 80))
        assert answers(server)
        connection, (address, _) = server.accept()
        connection.close()
        assert address == HOST_LAN


def test_only_the_host_opens_connections_to_an_agent(machines: Machines) -> None:
    targets = {(ALICE, 80), (BOB, 80)}
    assert machines.host.reached(targets, targets) == targets
    assert machines.outside.reached(targets) == set()
    assert machines.bob.reached([(ALICE, 80)]) == set()


def test_a_false_source_address_gets_nowhere(machines: Machines) -> None:
    false = [BOB, HOST, "10.231.3.19", HOST_LAN, "8.8.8.8"]
    receiver = machines.outside.udp(PUBLIC, 53)
    senders = {source: machines.alice.udp(source, 0) for source in (*false, ALICE)}
    for source, sender in senders.items():
        sender.sendto(source.encode(), (PUBLIC, 53))
    assert answers(receiver)
    assert receiver.recv(100) == ALICE.encode()
    assert not answers(receiver, 0.2)
    machines.host.command("nft", "delete", "table", "inet", "hyperhive")
    senders[BOB].sendto(b"without rules", (PUBLIC, 53))
    assert answers(receiver)


def test_an_agent_cannot_advertise_itself_as_a_router(machines: Machines) -> None:
    heard = machines.host.raw6("ve-h-alice")
    sender = machines.alice.raw6("eth0")
    router_advertisement = bytes.fromhex("86000000400007080000000000000000")
    everybody = ("ff02::1", 0, 0, machines.alice.run(socket.if_nametoindex, "eth0"))
    sender.sendto(router_advertisement, everybody)
    assert not answers(heard, 0.3)
    assert "default" not in machines.host.command("ip", "-6", "route")
    machines.host.command("nft", "delete", "table", "inet", "hyperhive")
    sender.sendto(router_advertisement, everybody)
    assert answers(heard)


def test_the_host_answers_a_ping_at_its_own_address_only(machines: Machines) -> None:
    own, lan = machines.alice.ping(HOST), machines.alice.ping(HOST_LAN)
    assert answers(own)
    assert not answers(lan, 0.3)


def test_stricter_rules_hold_for_open_connections(machines: Machines) -> None:
    server = machines.outside.serve("0.0.0.0", 80)
    connection = machines.alice.connect((ALLOWED, 80))
    assert answers(server)
    accepted, _ = server.accept()
    with accepted:
        connection.send(b"before")
        assert answers(accepted)
        assert accepted.recv(100) == b"before"
        machines.load(rules(privateDestinations=[]))
        connection.send(b"after")
        assert not answers(accepted, 0.5)


def test_one_agent_cannot_use_up_the_machines_connections(machines: Machines) -> None:
    machines.outside.serve("0.0.0.0", 80)
    target = (PUBLIC, 80)
    for _ in range(5000):
        with machines.alice.run(socket.socket, socket.AF_INET, socket.SOCK_DGRAM) as flood:
            flood.sendto(b"x", (PUBLIC, 9))
    assert machines.alice.reached([target]) == set()
    assert machines.bob.reached([target], [target]) == {target}


def test_a_mistake_leaves_the_former_rules_in_force(machines: Machines, rendered: str) -> None:
    before = machines.host.command("nft", "list", "ruleset")
    with pytest.raises(AssertionError, match="Error"):
        machines.load(rendered.replace("goto network_to_agent", "goto nowhere"))
    assert machines.host.command("nft", "list", "ruleset") == before
