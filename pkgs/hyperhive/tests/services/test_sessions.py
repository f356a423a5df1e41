from collections.abc import Callable
from pathlib import Path

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import ConfigError, UnauthorizedError
from hyperhive.services.sessions import FAILURES_PER_SOURCE, SESSION_LIMIT, SESSION_SECONDS
from tests.conftest import Clock
from tests.services.conftest import PASSWORD, Core, StartCore

HiveConfig = Callable[..., BrokerConfig]


@pytest.fixture
def token_file(hive_config: HiveConfig) -> Path:
    return Path(hive_config().state_dir) / "operator-token"


async def test_the_token_is_made_at_first_start_for_the_owner_alone(core: Core, token_file: Path) -> None:
    assert token_file.read_text().strip() == core.sessions.token()
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert len(core.sessions.token()) >= 43


async def test_the_token_logs_in_and_logout_ends_only_that_session(core: Core) -> None:
    first = await core.sessions.login_token(core.sessions.token())
    second = await core.sessions.login_token(core.sessions.token())
    assert (core.sessions.valid(first), core.sessions.valid(second), core.sessions.valid("x")) == (
        True,
        True,
        False,
    )

    await core.sessions.logout(first)

    assert (core.sessions.valid(first), core.sessions.valid(second)) == (False, True)


@pytest.mark.parametrize("token", ["", "wrong", "\udcff"])
async def test_a_wrong_token_is_unauthorized(core: Core, token: str) -> None:
    with pytest.raises(UnauthorizedError):
        await core.sessions.login_token(token)


async def test_the_password_logs_in_and_a_wrong_one_does_not(core: Core) -> None:
    assert core.sessions.valid(await core.sessions.login_password(PASSWORD))
    with pytest.raises(UnauthorizedError, match="wrong"):
        await core.sessions.login_password("guess")


async def test_too_many_failures_lock_their_source_out_for_a_minute_and_nobody_else(
    core: Core, clock: Clock
) -> None:
    for _ in range(FAILURES_PER_SOURCE):
        with pytest.raises(UnauthorizedError, match="wrong"):
            await core.sessions.login_password("guess", "1.2.3.4")

    with pytest.raises(UnauthorizedError, match="too many"):
        await core.sessions.login_password(PASSWORD, "1.2.3.4")
    assert core.sessions.valid(await core.sessions.login_password(PASSWORD, "5.6.7.8"))
    assert core.sessions.valid(await core.sessions.login_token(core.sessions.token()))
    clock.advance(61)
    assert core.sessions.valid(await core.sessions.login_password(PASSWORD, "1.2.3.4"))


async def test_sessions_survive_a_restart_and_expire(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config())
    session = await core.sessions.login_token(core.sessions.token())

    again = await start_core(hive_config())
    assert again.sessions.valid(session)
    clock.advance(SESSION_SECONDS)
    assert not again.sessions.valid(session)
    await again.sessions.sweep()
    assert (await start_core(hive_config())).sessions.valid(session) is False


async def test_a_new_token_ends_every_session(
    start_core: StartCore, hive_config: HiveConfig, token_file: Path
) -> None:
    core = await start_core(hive_config())
    session = await core.sessions.login_token(core.sessions.token())
    token_file.unlink()

    again = await start_core(hive_config())

    assert again.sessions.token() != core.sessions.token()
    assert not again.sessions.valid(session)


async def test_the_oldest_session_ends_when_there_are_too_many(core: Core, clock: Clock) -> None:
    sessions = []
    for _ in range(SESSION_LIMIT + 1):
        clock.advance(1)
        sessions.append(await core.sessions.login_token(core.sessions.token()))

    assert [core.sessions.valid(session) for session in sessions] == [False] + [True] * SESSION_LIMIT


async def test_a_token_file_that_is_too_short_is_refused_and_left_alone(
    start_core: StartCore, hive_config: HiveConfig, token_file: Path
) -> None:
    token_file.parent.mkdir(parents=True)
    token_file.write_text("hunter2\n")

    with pytest.raises(ConfigError, match="operator-token"):
        await start_core(hive_config())
    assert token_file.read_text() == "hunter2\n"
