"""What the tables of a hive file must be to each other; like `agents`, as far as each has the right form."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from hyperhive.config.agents import agent_rules, name_refusal, recipient_rules
from hyperhive.config.mistakes import Mistake, did_you_mean

#: Where one credential is named, beside the maps of agents.
_CREDENTIALS: Final = (
    ("operator", "password_credential"),
    ("dashboard", "tls", "key_credential"),
    ("notifications", "ntfy", "token_credential"),
)


def hive_rules(file: Mapping[str, Any]) -> Iterator[Mistake]:
    """What is wrong between the tables of a hive file."""
    agents = _table(file, "agents")
    defaults = _table(file, "defaults")
    for rule in agent_rules(agents):
        yield Mistake(("agents", *rule.key), rule.reason, rule.value, rule.hint)
    yield from recipient_rules(("defaults",), defaults, agents)
    for name in agents:
        role = _table(agents, name).get("role", "agent")
        refusal = name_refusal(name, role)
        if refusal:
            yield Mistake(("agents", name), refusal)
    yield from _credential_rules(file)


def _credential_rules(file: Mapping[str, Any]) -> Iterator[Mistake]:
    known = _table(file, "credentials")
    agents = _table(file, "agents")
    maps: dict[tuple[str, ...], dict[str, Any]] = {
        ("defaults", "credentials"): _table(file, "defaults", "credentials")
    }
    maps |= {("agents", name, "credentials"): _table(agents, name, "credentials") for name in agents}
    used: dict[tuple[str, ...], Any] = {
        (*where, variable): name for where, names in maps.items() for variable, name in names.items()
    }
    used |= {(*tables, last): _table(file, *tables).get(last) for *tables, last in _CREDENTIALS}
    for key, name in used.items():
        if isinstance(name, str) and name not in known:
            yield Mistake(key, "is not among [credentials]", name, did_you_mean(name, known))


def without_repeats(mistakes: Sequence[Mistake], file: Mapping[str, Any]) -> list[Mistake]:
    """The mistakes without those that agents only have from [defaults], where they are told."""
    inherited = {(one.key[1:], one.reason) for one in mistakes if one.key[:1] == ("defaults",)}

    def repeats(one: Mistake) -> bool:
        match one.key:
            case ("agents", str(name), *rest) if (tuple(rest), one.reason) in inherited:
                return not _says(_table(file, "agents").get(name), rest)
        return False

    return [one for one in mistakes if not repeats(one)]


def _says(table: Any, key: Sequence[str | int]) -> bool:
    """Whether an agent's own table has the key, or something of its own above it."""
    for part in key:
        if not isinstance(table, dict):
            return True
        if part not in table:
            return False
        table = table[part]
    return True


def _table(file: Mapping[str, Any], *key: str) -> dict[str, Any]:
    """What stands at a key, as an empty table where it is none."""
    found: Any = file
    for part in key:
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
