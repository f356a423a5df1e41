"""What a word may be printed with, by the place where it stands."""

import re
from typing import Final, NamedTuple

BRACKET: Final = r"\[[!^]?\]?(?:\[:[a-z]+:\]|\[(?![:.=])|[A-Za-z0-9_./:@%+,*?!^=\0-])*\]"
GLOB: Final = re.compile(rf"(?:[*?]|{BRACKET})+")
REGEX: Final = re.compile(rf"(?:[A-Za-z0-9_/:@%,.*+?^|(){{}}-]|{BRACKET}|\$(?=[)|])|\$\Z)+")


class Place(NamedTuple):
    """What a word may consist of where it stands, besides literals and quoted expansions."""

    #: Literal text that needs no quotes.
    bare: re.Pattern[str]
    #: Expansions without quotes, and patterns of this form.
    unquoted: bool = False
    pattern: re.Pattern[str] | None = None
    #: At the beginning, or behind a colon too.
    tilde: bool = True
    colons: bool = False
    braces: bool = False
    processes: bool = False
    #: What begins like an assignment could be one: it is quoted, or refused where a tilde follows.
    command: bool = False
    assigns: bool = False
    #: In `${…}` or a regular expression, where Bash can lose the quotes of `$'…'`.
    inner: bool = False


BARE: Final = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
NEVER: Final = re.compile(r"(?!)")
PLAIN: Final = re.compile(r"[A-Za-z0-9_.]*")
SINGLE: Final = Place(BARE)
VALUE: Final = Place(BARE, colons=True)
CASE_PATTERN: Final = Place(BARE, unquoted=True, pattern=GLOB)
TARGET: Final = Place(BARE, unquoted=True, pattern=GLOB, processes=True)
FIRST: Final = TARGET._replace(braces=True, command=True)
ARGUMENT: Final = FIRST._replace(assigns=True)
ALTERNATIVE: Final = Place(
    re.compile(r"[A-Za-z0-9_./:@%+=-]+"),
    unquoted=True,
    pattern=GLOB,
    tilde=False,
    braces=True,
    processes=True,
)
OPERAND: Final = Place(re.compile(r"[A-Za-z0-9_./:@%+,][A-Za-z0-9_./:@%+,-]*|-[0-9]+"))
OPERAND_PATTERN: Final = OPERAND._replace(unquoted=True, pattern=GLOB)
OPERAND_REGEX: Final = Place(
    re.compile(r"[A-Za-z0-9_/:@%,][A-Za-z0-9_/:@%,-]*"),
    unquoted=True,
    pattern=REGEX,
    tilde=False,
    inner=True,
)
DEFAULT: Final = CASE_PATTERN._replace(inner=True)
REPLACEMENT: Final = Place(
    re.compile(r"[A-Za-z0-9_.:@%/,+=-]+"), unquoted=True, pattern=re.compile(r"&+"), inner=True
)
TRIM: Final = Place(re.compile(r"[A-Za-z0-9_.:@+-]+"), unquoted=True, pattern=GLOB, inner=True)
SEARCH: Final = TRIM._replace(tilde=False)
