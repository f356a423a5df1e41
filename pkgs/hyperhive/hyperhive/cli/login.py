"""`hyperhive token` and `hash-password`."""

import argparse
import getpass
import secrets
import sys
from typing import Final

from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.command import OK, Command, add_socket, emit
from hyperhive.cli.streams import input_bytes
from hyperhive.domain.passwords import hash_password
from hyperhive.errors import InvalidRequestError
from hyperhive.text import sound_text

_SHORTEST: Final = 8


def _token_arguments(parser: argparse.ArgumentParser) -> None:
    add_socket(parser)


def _token(args: argparse.Namespace) -> int:
    answer = admin_client(args).get("/admin/token")
    emit(args, answer, answer["url"])
    return OK


def _hash_password_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def _hash_password(args: argparse.Namespace) -> int:
    password = _ask() if sys.stdin.isatty() else _line()
    if sound_text(password, nul=True).replaced:
        # A browser could never send it.
        raise InvalidRequestError("password: is not UTF-8 text")
    if len(password) < _SHORTEST:
        raise InvalidRequestError(f"password: must have at least {_SHORTEST} characters, has {len(password)}")
    line = hash_password(password, secrets.token_bytes(16))
    emit(args, {"hash": line}, line)
    return OK


def _line() -> str:
    return input_bytes(line=True).decode(errors="surrogateescape").rstrip("\n")


def _ask() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise InvalidRequestError("password: the two are not the same")
    return password


COMMANDS: Final = {
    "token": Command(
        """
Whoever opens the address is the operator: treat it as a password.""",
        """
  hyperhive token
  xdg-open "$(hyperhive token)\"""",
        _token_arguments,
        _token,
    ),
    "hash-password": Command(
        """
The line belongs into the credential that `operator.password_credential` names; the password then logs a
browser in, as the token does. Asks twice in a terminal, and reads one line from a pipe otherwise.""",
        """
  hyperhive hash-password > operator-password
  pass show hive | hyperhive hash-password""",
        _hash_password_arguments,
        _hash_password,
    ),
}
