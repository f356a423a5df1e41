"""Lines by chance: what a shell understands, and what it does not, where a parser may not expect it."""

import random
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

Choices = tuple[list[str], list[int]]

_PLACE: Final = re.compile(r"«(\w+)(?::(\w+))?»")
_DEEP: Final = 9


def _single(text: str) -> str:
    return text.replace("'", "'\\''")


def _double(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)


def _backtick(text: str) -> str:
    return re.sub(r"([\\`])", r"\\\1", text)


_QUOTINGS: Final[dict[str, Callable[[str], str]]] = {
    "single": _single,
    "double": _double,
    "backtick": _backtick,
}


def _rules() -> dict[str, Choices]:
    text = Path(__file__).with_name("grammar.toml").read_text(encoding="utf-8")
    rules = {}
    for name, entries in tomllib.loads(text).items():
        weighed = [entry if isinstance(entry, list) else [1, entry] for entry in entries]
        rules[name] = ([choice for _, choice in weighed], [weight for weight, _ in weighed])
    return rules


_RULES: Final = _rules()


class Grammar:
    """Makes lines; the same chance makes the same lines."""

    def __init__(self, chance: random.Random, allowed: Sequence[str]) -> None:
        self._chance = chance
        self._rules = _RULES | {"allowed": (list(allowed), [1] * len(allowed))}
        self._depth = 0

    def line(self) -> str:
        text = self._script(self._chance.choice((1, 1, 1, 2, 2, 3)))
        return self.broken(text) if self._rarely(0.2) else text

    def broken(self, text: str) -> str:
        """The text with something where it was not expected."""
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            place = self._chance.randint(0, len(text))
            match self._chance.randrange(6):
                case 0:
                    text = text[:place] + text[place + self._chance.choice((1, 1, 2, 5)) :]
                case 1:
                    start = self._chance.randint(0, len(text))
                    text = text[:place] + text[start : start + self._chance.randint(1, 12)] + text[place:]
                case 2 if " " in text:
                    place = self._chance.choice([index for index, found in enumerate(text) if found == " "])
                    text = text[:place] + self._one("inserted") + text[place + 1 :]
                case _:
                    text = text[:place] + self._one("inserted") + text[place:]
        return text

    def _rarely(self, share: float) -> bool:
        return self._chance.random() < share

    def _one(self, rule: str) -> str:
        """Text for a rule."""
        if rule == "script":
            return self._script(self._chance.choice((1, 1, 1, 1, 2)))
        choices, weights = self._rules[rule]
        if self._depth > _DEEP:
            choice = choices[0]
        else:
            (choice,) = self._chance.choices(choices, weights)
        self._depth += 1
        text = _PLACE.sub(self._filled, choice)
        self._depth -= 1
        return text

    def _filled(self, place: re.Match[str]) -> str:
        text = self._one(place[1])
        # Now and then without: the quotes around it then end early.
        return text if place[2] is None or self._rarely(0.15) else _QUOTINGS[place[2]](text)

    def _script(self, commands: int) -> str:
        """Commands; the bodies of their here-documents follow the line that opens them."""
        text = ""
        waiting = ""
        for number in range(commands):
            if number:
                join = (
                    self._one("joins")
                    if self._rarely(0.5)
                    else self._chance.choice(("; ", "\n", " && ", " | "))
                )
                text += join
                if join.endswith("\n") and not join.endswith("\\\n"):
                    text += waiting
                    waiting = ""
            command = self._one("command")
            while self._rarely(0.3 if command == "cat" else 0.06):
                opening, body = self._here_document()
                command += opening
                waiting += body
            text += command
        if waiting:
            text += "\n" + waiting
            return text if self._depth or self._rarely(0.5) else text.removesuffix("\n")
        return text

    def _here_document(self) -> tuple[str, str]:
        dash = "-" if self._rarely(0.25) else ""
        delimiter = (
            self._chance.choice(("A", "EOF", "'A'", '"A"')) if self._rarely(0.6) else self._one("delimiters")
        )
        end = re.sub(r"\\\n|[\\'\"]", "", delimiter)
        opening = (
            self._one("before_document")
            + f"<<{dash}"
            + self._chance.choice(("", " ", "", " \\\n"))
            + delimiter
        )
        if self._rarely(0.3):
            opening += self._one("behind_document")
        lines = [self._one("bodies") for _ in range(self._chance.choice((0, 1, 1, 2, 3)))]
        if self._rarely(0.2):
            lines.append(self._one("word"))
        tab = "\t" if dash and self._rarely(0.7) else ""
        return opening, "".join(f"{tab}{line}\n" for line in [*lines, end])
