"""The addresses that follow from the agents' network, and what is said of one that will not do."""

import ipaddress
import json
from typing import Any, Final

import pytest

from hyperhive.config import UID_RANGES
from tests.nixos import nix

nix.need_library()

ADDRESSES: Final = """
{ lib, file, subnet }:
let a = import file { lib = import lib; } subnet; in
{ inherit (a) problem; } // (if a.problem != null then { } else {
  inherit (a) host prefixLength;
  agents = map a.agent [ 0 1 253 254 3583 ];
  contains = builtins.listToAttrs (map (name: { inherit name; value = a.contains name; })
    [ a.host "10.231.16.0" "10.230.255.255" "10.231.15.255" "0.0.0.0/0" ]);
})
"""


def addresses(subnet: str) -> Any:
    return nix.evaluate(
        ADDRESSES,
        lib=str(nix.library() / "lib"),
        file=str(nix.MODULES / "addresses.nix"),
        subnet=subnet,
    )


def test_host_and_agents_have_the_first_addresses() -> None:
    assert addresses("10.231.0.0/20") == {
        "problem": None,
        "host": "10.231.0.1",
        "prefixLength": 20,
        "agents": ["10.231.0.2", "10.231.0.3", "10.231.0.255", "10.231.1.0", "10.231.14.1"],
        "contains": {
            "10.231.0.1": True,
            "10.231.16.0": False,
            "10.230.255.255": False,
            "10.231.15.255": True,
            "0.0.0.0/0": False,
        },
    }


@pytest.mark.parametrize(
    "subnet", ["10.0.0.0/8", "172.16.0.0/12", "172.31.240.0/20", "192.168.0.0/16", "100.64.0.0/10"]
)
def test_every_agent_has_an_address_of_its_own_in_the_network(subnet: str) -> None:
    network = ipaddress.IPv4Network(subnet)
    found = addresses(subnet)
    assert found["problem"] is None
    assert found["host"] == str(network[1])
    assert found["agents"] == [str(network[2 + index]) for index in (0, 1, 253, 254, UID_RANGES - 1)]
    assert ipaddress.IPv4Address(found["agents"][-1]) < network.broadcast_address


@pytest.mark.parametrize(
    ("subnet", "said"),
    [
        ("10.231.0.0/21", "has room for 2048 addresses, but each of 3584 possible agents needs its own: "),
        ("10.231.0.0/32", "has room for 1 addresses, "),
        ("10.231.0.1/20", "has bits set behind its prefix of 20: did you mean 10.231.0.0/20?"),
        ("11.0.0.0/20", "is not private: take a network in 10.0.0.0/8, "),
        ("172.0.0.0/8", "is not private: "),
        ("0.0.0.0/0", "is not private: "),
        *(
            (text, "is not an IPv4 network such as 10.231.0.0/20")
            for text in (
                "",
                "10.231.0.0",
                "10.231.0.0/",
                "10.231.0.0/33",
                "10.231.0.0/020",
                "10.231.0/20",
                "10.256.0.0/20",
                "10.08.0.0/20",
                "fd00::/64",
                " 10.231.0.0/20",
                "10.231.0.0/20\n",
            )
        ),
    ],
)
def test_a_network_that_will_not_do_is_refused_with_the_reason(subnet: str, said: str) -> None:
    problem = addresses(subnet)["problem"]
    assert problem.startswith(said), json.dumps(problem)


def test_an_address_of_a_bad_network_is_an_error_that_names_the_option() -> None:
    expression = '{ lib, file }: (import file { lib = import lib; } "10.0.0.0/24").host'
    with pytest.raises(
        nix.EvaluationError, match=r'services\.hyperhive\.network\.subnet: "10\.0\.0\.0/24" has room for 256'
    ):
        nix.evaluate(expression, lib=str(nix.library() / "lib"), file=str(nix.MODULES / "addresses.nix"))
