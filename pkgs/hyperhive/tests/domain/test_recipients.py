from collections.abc import Callable

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.domain.recipients import Roster
from hyperhive.errors import HyperhiveError, InvalidRequestError, UnknownRecipientError

HiveConfig = Callable[..., BrokerConfig]


@pytest.fixture
def roster(hive_config: HiveConfig) -> Roster:
    return Roster(
        hive_config(
            agents={
                "boss": {"role": "manager", "allowed_recipients": []},
                "free": {},
                "shut": {"allowed_recipients": []},
                "named": {"allowed_recipients": ["free", "operator"]},
                "peers": {"allowed_recipients": ["named", "manager"]},
                "upward": {"allowed_recipients": ["manager"]},
            }
        ).agents
    )


@pytest.mark.parametrize(
    ("sender", "reach"),
    [
        ("boss", ["operator", "free", "named", "peers", "shut", "upward"]),
        ("free", ["operator", "boss", "named", "peers", "shut", "upward"]),
        ("shut", []),
        ("named", ["operator", "free"]),
        ("peers", ["boss", "named"]),
        ("upward", ["boss"]),
        ("operator", ["boss", "free", "named", "peers", "shut", "upward"]),
    ],
)
def test_the_allow_list_decides_whom_a_sender_reaches(roster: Roster, sender: str, reach: list[str]) -> None:
    assert roster.reach(sender) == reach
    others = [name for name in ("operator", *roster.agents) if name != sender]
    assert sorted(name for name in others if roster.denial(sender, name) is None) == sorted(reach)


@pytest.mark.parametrize(
    ("sender", "to", "recipients"),
    [
        ("free", "named", ["named"]),
        ("free", "operator", ["operator"]),
        ("free", "manager", ["boss"]),
        ("shut", "free", ["free"]),
        ("named", "*", ["free"]),
        ("peers", "*", ["boss", "named"]),
        ("operator", "*", ["boss", "free", "named", "peers", "shut", "upward"]),
    ],
)
def test_a_name_an_alias_and_everyone_become_recipients(
    roster: Roster, sender: str, to: str, recipients: list[str]
) -> None:
    assert roster.resolve(sender, to) == recipients


@pytest.mark.parametrize(
    ("sender", "to", "error"),
    [
        ("free", "free", InvalidRequestError),
        ("boss", "manager", InvalidRequestError),
        ("free", "system", InvalidRequestError),
        ("operator", "operator", InvalidRequestError),
        ("shut", "*", InvalidRequestError),
        ("free", "nobody", UnknownRecipientError),
        ("free", "Named", UnknownRecipientError),
    ],
)
def test_what_names_nobody_is_refused_and_the_field_is_named(
    roster: Roster, sender: str, to: str, error: type[HyperhiveError]
) -> None:
    with pytest.raises(error, match=r"^to: "):
        roster.resolve(sender, to)


def test_a_denial_says_whom_one_can_reach_instead(roster: Roster) -> None:
    denial = roster.denial("named", "boss")

    assert denial is not None
    assert denial.message == "to: you may not send to 'boss': you can reach operator, free"


def test_without_a_manager_its_alias_is_unknown(roster: Roster) -> None:
    smaller = roster.without("boss")

    with pytest.raises(UnknownRecipientError):
        smaller.resolve("free", "manager")
    assert (smaller.knows("boss"), smaller.knows("operator"), smaller.knows("system")) == (False, True, False)
    assert roster.knows("boss")
