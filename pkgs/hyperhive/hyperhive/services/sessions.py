"""The operator's login: token file, optional password, sessions that survive a restart."""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hyperhive.domain.passwords import check_hash, matches
from hyperhive.domain.timing import DAY
from hyperhive.errors import ConfigError, UnauthorizedError
from hyperhive.store import sessions as store
from hyperhive.store.database import Database

#: A login lasts this long, in seconds.
SESSION_SECONDS: Final = 30 * DAY
#: Most logins at a time; one more ends the oldest.
SESSION_LIMIT: Final = 100
#: Failures of one source, and of all together, in a minute; after them no password is even looked at.
FAILURES_PER_SOURCE: Final = 10
FAILURES_IN_ALL: Final = 100
_FAILURE_WINDOW: Final = 60.0
#: Shortest token that a person may write into the file.
_TOKEN_LENGTH: Final = 16


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class Sessions:
    """Who is logged in. A login ends when it expires, or when token or password are replaced.

    Args:
        token_file: Made at first start, for the owner alone; delete it to log everybody out.
        password_hash: As `domain.passwords.hash_password` writes it, None for no password.
        new_secret: Makes tokens and session ids.
    """

    def __init__(
        self,
        db: Database,
        token_file: Path,
        password_hash: str | None,
        clock: Callable[[], float],
        *,
        new_secret: Callable[[], str] = new_secret,
    ) -> None:
        self._db = db
        self._token_file = token_file
        self._password_hash = password_hash.strip() if password_hash else None
        self._clock = clock
        self._new_secret = new_secret
        self._token = ""
        self._secret = ""
        self._expiry: dict[str, float] = {}
        self._failures: list[tuple[float, str]] = []
        self._hashing = asyncio.Lock()

    async def start(self) -> None:
        """Make the token at first start, and load the logins that it still stands behind.

        A `ConfigError` says that token file or password hash cannot be used.
        """
        if self._password_hash is not None:
            try:
                check_hash(self._password_hash)
            except ValueError as error:
                raise ConfigError(f"operator.password_credential: {error}") from error
        self._token = await asyncio.to_thread(_read_token, self._token_file, self._new_secret)
        self._secret = _digest(f"{self._token}\0{self._password_hash or ''}")
        stored = await self._db.read(store.load, self._clock())
        self._expiry = {key: expiry for key, (secret, expiry) in stored.items() if secret == self._secret}
        await self._db.commit(store.delete, [key for key in stored if key not in self._expiry])

    def token(self) -> str:
        """Valid after `start`."""
        return self._token

    async def login_token(self, token: str) -> str:
        """Returns the session id, the cookie's value; an `UnauthorizedError` for another token.

        A token cannot be guessed, so nobody is ever locked out of it.
        """
        if not hmac.compare_digest(_digest(token), _digest(self._token)):
            raise UnauthorizedError("the token is wrong: `hyperhive token` prints the right address")
        return await self._login()

    async def login_password(self, password: str, source: str = "") -> str:
        """Returns the session id, the cookie's value. Failures are counted for each `source`.

        An `UnauthorizedError` says that the password is wrong, there is none, or too many attempts failed.
        """
        if self._password_hash is None:
            raise UnauthorizedError("there is no password: log in with the token")
        # One at a time: an attempt costs 32 MiB, and the failures before it have to be counted.
        async with self._hashing:
            self._check_attempts(source)
            if not await asyncio.to_thread(matches, password, self._password_hash):
                self._failures.append((self._clock(), source))
                raise UnauthorizedError("the password is wrong")
        return await self._login()

    def valid(self, session: str) -> bool:
        return self._expiry.get(_digest(session), 0.0) > self._clock()

    async def logout(self, session: str) -> None:
        """An unknown session is fine."""
        await self._end([_digest(session)])

    async def sweep(self) -> None:
        now = self._clock()
        expired = [key for key, expiry in self._expiry.items() if expiry <= now]
        if expired:
            await self._end(expired)

    async def _login(self) -> str:
        session = self._new_secret()
        digest, expiry = _digest(session), self._clock() + SESSION_SECONDS
        await self._db.commit(store.insert, digest, self._secret, expiry)
        self._expiry[digest] = expiry
        surplus = len(self._expiry) - SESSION_LIMIT
        if surplus > 0:
            await self._end(sorted(self._expiry, key=self._expiry.__getitem__)[:surplus])
        return session

    async def _end(self, digests: list[str]) -> None:
        for digest in digests:
            self._expiry.pop(digest, None)
        await self._db.commit(store.delete, digests)

    def _check_attempts(self, source: str) -> None:
        now = self._clock()
        self._failures = [(at, who) for at, who in self._failures if 0 <= now - at < _FAILURE_WINDOW]
        of_source = sum(who == source for _, who in self._failures)
        if of_source >= FAILURES_PER_SOURCE or len(self._failures) >= FAILURES_IN_ALL:
            raise UnauthorizedError("too many attempts failed: wait a minute, or log in with the token")


def _digest(secret: str) -> str:
    # A cookie may hold bytes that are no text; they reach here as surrogates.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _read_token(path: Path, new_token: Callable[[], str]) -> str:
    """Makes a missing file; blocks. A `ConfigError` when it cannot be used, or holds something else."""
    try:
        if not path.exists():
            _write_token(path, new_token())
        path.chmod(0o600)
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be used: {error}") from error
    if len(token) < _TOKEN_LENGTH:
        raise ConfigError(f"{path}: the token is shorter than {_TOKEN_LENGTH} characters: delete the file")
    return token


def _write_token(path: Path, token: str) -> None:
    """Write the whole file or nothing, never readable for others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{token}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
