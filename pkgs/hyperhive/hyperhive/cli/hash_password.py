"""`hyperhive hash-password`."""

import argparse
import getpass
import secrets
import sys
from typing import Final

from hyperhive.cli.exit_codes import OK
from hyperhive.cli.output import emit
from hyperhive.domain.passwords import hash_password
from hyperhive.errors import InvalidRequestError

DETAILS: Final = """
The line belongs into the credential that `operator.password_credential` names; the password then logs a
browser in, as the token does. Asks twice in a terminal, and reads one line from a pipe otherwise."""
EXAMPLES: Final = """
  hyperhive hash-password > operator-password
  pass show hive | hyperhive hash-password"""

_SHORTEST: Final = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Print the hash of a password."""
    password = _ask() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < _SHORTEST:
        raise InvalidRequestError(f"password: must have at least {_SHORTEST} characters, has {len(password)}")
    line = hash_password(password, secrets.token_bytes(16))
    emit(args, {"hash": line}, line)
    return OK


def _ask() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise InvalidRequestError("password: the two are not the same")
    return password
