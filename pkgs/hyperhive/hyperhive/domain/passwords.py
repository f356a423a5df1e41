"""Passwords: how a hash is written and checked (scrypt, `scrypt$n$r$p$salt$hash`, hexadecimal)."""

import hashlib
import hmac
from typing import Final

_N: Final = 2**15
_R: Final = 8
_P: Final = 1
_MEMORY: Final = 128 * 1024 * 1024


def hash_password(password: str, salt: bytes) -> str:
    """The line to store for a password; `salt` is 16 random bytes. Takes about a tenth of a second."""
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${digest.hex()}"


def check_hash(password_hash: str) -> None:
    """Raise a `ValueError`, which does not repeat the line, for one that `hash_password` did not write."""
    scheme, *fields = password_hash.split("$")
    try:
        n, r, p, salt, digest = fields
        numbers = int(n), int(r), int(p)
        blobs = bytes.fromhex(salt), bytes.fromhex(digest)
    except ValueError as error:
        raise ValueError("the password hash is not of the form scrypt$n$r$p$salt$hash") from error
    if scheme != "scrypt" or min(numbers) < 1 or not all(blobs):
        raise ValueError("the password hash is not of the form scrypt$n$r$p$salt$hash")


def matches(password: str, password_hash: str) -> bool:
    """Takes as long as hashing; `password_hash` has passed `check_hash`."""
    _, n, r, p, salt, digest = password_hash.split("$")
    actual = hashlib.scrypt(
        password.encode(), salt=bytes.fromhex(salt), n=int(n), r=int(r), p=int(p), maxmem=_MEMORY
    )
    return hmac.compare_digest(actual.hex(), digest)
