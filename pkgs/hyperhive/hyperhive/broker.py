"""The broker's composition root: builds everything in order, listens, sweeps every second, stops cleanly."""

import asyncio
import logging
import os
import signal
import ssl
import time
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from hyperhive import __version__
from hyperhive.api.agent.app import agent_app
from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.errors import plain_problem
from hyperhive.api.operator.app import admin_app, operator_app
from hyperhive.api.security import Gate, secure
from hyperhive.config import LOOPBACK, UID_RANGE, AgentConfig, BrokerConfig, NtfyConfig, TlsConfig, uid_base
from hyperhive.domain.timing import PauseWatch
from hyperhive.errors import ConfigError, HyperhiveError
from hyperhive.services.composition import Services, build_services
from hyperhive.services.lifecycle import Runtime
from hyperhive.system.credentials import credential_path, read_credential
from hyperhive.system.listeners import Listener
from hyperhive.system.notify import notify
from hyperhive.system.ntfy import Ntfy
from hyperhive.system.sockets import make_directory, remove_stale
from hyperhive.system.supervisor import Supervised, supervisor_socket
from hyperhive.system.tasks import Tasks
from hyperhive.system.units import Units

log = logging.getLogger(__name__)

_SWEEP_SECONDS: Final = 1.0
_FINISH_SECONDS: Final = 3.0
#: Connections at a time: an agent has a harness, a few tool servers and one for each window on its terminals,
#: the operator a few windows.
_AGENT_CONNECTIONS: Final = 128
_OPERATOR_CONNECTIONS: Final = 256
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Broker:
    """One running broker: `await start()`, then `await stop()`.

    Attributes:
        services: The nouns of the hive; valid between `start` and `stop`.
        url: Where the dashboard is, without a path; valid after `start`.
        operator: The application behind it.
    """

    services: Services
    url: str
    operator: web.Application

    def __init__(self, config: BrokerConfig, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._clock = clock
        self._port = config.listen.port
        self._tasks = Tasks()
        self._background = Tasks()
        self._open_calls = OpenCalls()
        self._listeners: list[Listener] = []
        self._agent_listeners: dict[str, Listener] = {}
        # One agent of a name comes or goes after the other, so that neither takes what is the other's.
        self._changing_agents = asyncio.Lock()
        self._resources = AsyncExitStack()

    async def start(self) -> None:
        """Open the database, listen everywhere; the admin socket comes last and says "ready".

        A `HyperhiveError` says which socket, port, credential or directory cannot be had.
        """
        try:
            await asyncio.to_thread(_make_directories, self._config)
            self.services = await self._start_services()
            # Not before all are known: the first to call may send to the last.
            for name in self._config.agents:
                await self._open_socket(name)
            await self._listen_operator()
            await self._listen_admin()
        except BaseException:
            await self.stop()
            raise
        self._background.start(self._sweep(), "sweep")
        self._background.start(self.services.lifecycle.watch(), "watch of the units")
        self._background.start(self.services.notifications.run(), "notifications")
        log.info("hyperhive %s: %d agents, dashboard at %s", __version__, len(self._config.agents), self.url)

    async def stop(self) -> None:
        """End streams and links, let what was begun be committed, close everything."""
        await self._background.cancel()
        self._open_calls.end_all()
        if self._agent_listeners:
            # Only through them can there be links.
            await self.services.links.close_all()
        listeners = [*self._listeners, *self._agent_listeners.values()]
        await asyncio.gather(*(listener.stop() for listener in listeners))
        self._listeners.clear()
        self._agent_listeners.clear()
        await self._tasks.finish(_FINISH_SECONDS)
        await self._resources.aclose()

    async def add_agent(self, agent: AgentConfig) -> None:
        """Let an agent into the hive: everything that there is for each agent is made here.

        Raises:
            ConflictError: There is one of that name.
            HyperhiveError: Its socket cannot be made; nothing of it is left then.
        """
        async with self._changing_agents:
            await self.services.add_agent(agent)
            try:
                await self._open_socket(agent.name)
            except BaseException:
                await self._remove(agent.name)
                raise

    async def remove_agent(self, name: str) -> None:
        """Its mail goes back, what it has open is closed, its socket goes.

        A `NotFoundError` says that there is none of that name.
        """
        async with self._changing_agents:
            await self._remove(name)

    def login_url(self) -> str:
        return f"{self.url}/?token={quote(self.services.sessions.token())}"

    async def _start_services(self) -> Services:
        config, push = self._config, self._config.notifications.ntfy
        password = None
        if config.operator.password_credential is not None:
            password = await asyncio.to_thread(read_credential, config.operator.password_credential)
        services = build_services(
            config,
            self._clock,
            self._tasks,
            runtime=runtime_of(config),
            password_hash=password,
            ntfy=None if push is None else await asyncio.to_thread(_ntfy_client, push),
            remote_url=remote_url(config),
            dashboard_port=lambda: self._port,
            boot=uuid.uuid4().hex,
        )
        await self._resources.enter_async_context(services.db)
        await services.start()
        return services

    async def _remove(self, name: str) -> None:
        try:
            await self.services.remove_agent(name)
        finally:
            listener = self._agent_listeners.pop(name, None)
            if listener is not None:
                await listener.stop()

    async def _open_socket(self, name: str) -> None:
        # A container's root is "other" here, so it needs everybody's bits on the socket. The directory
        # above is closed to all but the broker; inside of the container only the bind mount is seen.
        mode = 0o666 if self._config.runtime == "nixos" else 0o600
        directory = agent_directory(self._config, name)
        await asyncio.to_thread(_make_agent_directory, self._config, directory)
        app = agent_app(
            name,
            self.services,
            tasks=self._tasks,
            open_calls=self._open_calls,
            peer_allowed=peer_rule(self._config, name),
            lease_seconds=self._config.delivery.lease_seconds,
        )
        self._agent_listeners[name] = Listener(app, failure=_failure, connections=_AGENT_CONNECTIONS)
        await self._agent_listeners[name].start_unix(directory / "broker.sock", mode)

    async def _listen_operator(self) -> None:
        listen = self._config.listen
        tls = None if listen.tls is None else await asyncio.to_thread(_tls_context, listen.tls)
        gate = Gate(self.services.sessions, port=listen.port, tls=tls is not None)
        self.operator = operator_app(
            self.services,
            gate=gate,
            tasks=self._tasks,
            open_calls=self._open_calls,
            host_names=listen.host_names,
            dashboard=Path(self._config.dashboard_dir),
        )
        listener = self._listener(self.operator)
        self._port = await listener.start_tcp(listen.host, listen.port, tls)
        self.url = _url("http" if tls is None else "https", listen.host_names[0], self._port)

    async def _listen_admin(self) -> None:
        app = admin_app(
            self.services,
            tasks=self._tasks,
            open_calls=self._open_calls,
            peer_allowed=lambda uid: uid in {0, os.geteuid()},
            login_url=self.login_url,
        )
        listener = self._listener(app)
        await listener.start_unix(Path(self._config.runtime_dir) / "admin.sock", 0o600)

    def _listener(self, app: web.Application) -> Listener:
        listener = Listener(app, failure=_failure, connections=_OPERATOR_CONNECTIONS)
        self._listeners.append(listener)
        return listener

    async def _sweep(self) -> None:
        watch = PauseWatch(_SWEEP_SECONDS, lambda: time.clock_gettime(time.CLOCK_BOOTTIME), time.time)
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            lost = watch.tick()
            try:
                if lost:
                    log.info("%.0f seconds were lost: leases and deadlines get them back", lost)
                    await self.services.resume(lost)
                await self.services.sweep()
            except Exception:
                # The next second may go better; mail must not wait for a restart because of one failure.
                log.exception("the sweep failed")


def agent_directory(config: BrokerConfig, name: str) -> Path:
    """Bind-mounted into the agent's container; it holds `broker.sock` alone."""
    return Path(config.runtime_dir) / "agents" / name


def peer_rule(config: BrokerConfig, name: str) -> Callable[[int], bool]:
    """Which uids may use the agent's socket, as the broker's user namespace sees them."""
    if config.runtime == "nixos":
        first = uid_base(name)
        return lambda uid: first <= uid < first + UID_RANGE
    return lambda uid: uid in {0, os.geteuid()}


def remote_url(config: BrokerConfig) -> str | None:
    """Where the dashboard is for other machines; None when it listens or is named on loopback alone."""
    listen = config.listen
    names = [name for name in listen.host_names if name.strip("[]") not in LOOPBACK]
    if listen.host in LOOPBACK or not names:
        return None
    return _url("http" if listen.tls is None else "https", names[0], listen.port)


def runtime_of(config: BrokerConfig) -> Runtime:
    if config.runtime == "nixos":
        return Units()
    return Supervised(supervisor_socket(Path(config.runtime_dir)))


def run(config: BrokerConfig) -> int:
    """Until SIGTERM or SIGINT; returns the process's exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve(config))
    except HyperhiveError as error:
        log.critical("%s", error)
        return 1
    return 0


async def _serve(config: BrokerConfig) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, ended.set)
    broker = Broker(config)
    await broker.start()
    try:
        # The admin socket answers from here on.
        await notify("READY=1", f"STATUS={len(config.agents)} agents, dashboard at {broker.url}")
        await ended.wait()
    finally:
        # A second signal ends the process at once; the database is made for that.
        for number in signals:
            loop.remove_signal_handler(number)
        await notify("STOPPING=1", "STATUS=ending streams and links")
        await broker.stop()


def _make_directories(config: BrokerConfig) -> None:
    state, runtime = Path(config.state_dir), Path(config.runtime_dir)
    try:
        for directory in (state, runtime):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_directory(state / "db", 0o700)
        # Closed to everybody else, so no other user of the machine gets near an agent's socket.
        make_directory(runtime / "agents", 0o700)
        for former in (runtime / "agents").iterdir():
            if former.name not in config.agents:
                remove_stale(former / "broker.sock")
    except OSError as error:
        raise ConfigError(f"cannot prepare {error.filename}: {error.strerror}") from error


def _make_agent_directory(config: BrokerConfig, directory: Path) -> None:
    try:
        make_directory(directory, 0o711 if config.runtime == "nixos" else 0o700)
    except OSError as error:
        raise ConfigError(f"cannot prepare {error.filename}: {error.strerror}") from error


def _tls_context(config: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.certificate, credential_path(config.key_credential))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"listen.tls: cannot load {config.certificate} with credential {config.key_credential!r}: {error}"
        ) from error
    return context


def _ntfy_client(config: NtfyConfig) -> Ntfy:
    name = config.token_credential
    return Ntfy(config.url, None if name is None else read_credential(name))


def _url(scheme: str, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{scheme}://{name}" + ("" if port == _DEFAULT_PORTS[scheme] else f":{port}")


def _failure(status: int) -> web.Response:
    response = plain_problem(status)
    secure(response)
    return response
