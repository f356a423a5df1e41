"""Pages: the console, the login page and their files, the only markup that the broker serves."""

import asyncio
import gzip
import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from aiohttp import ETag, web

from hyperhive.api.compression import mark_gzip, takes_gzip
from hyperhive.api.operator.login import ARRIVED_COOKIE, LoginApi
from hyperhive.api.security import Gate
from hyperhive.errors import NotFoundError, UnauthorizedError

_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
AGAIN_SCRIPT: Final = "js/again.js"
_TEXTS: Final = frozenset({"text/css", "text/html", "text/javascript", "text/plain"})
#: What is packed already, and gets no shorter.
_PACKED: Final = frozenset({"image/png", "font/woff2"})

#: A file of ours that a page or a file of a page names.
_REFERENCE: Final = re.compile(
    r"""(?:(?:src|href)=|\bfrom\s*|\bimport\s*\(?\s*|url\(|@import\s+)["']?([\w./-]+\.\w+)["']?"""
)

#: Navigates again at once. A browser that came from another site's link did not send the session's
#: `SameSite=Strict` cookie with that navigation; with the one that our own page starts, it does. Only a
#: script keeps the place in the page that the link named.
_AGAIN: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>hyperhive</title>'
    f'<script src="/static/{AGAIN_SCRIPT}"></script>'
    '<noscript><meta http-equiv="refresh" content="0;url=/?again"></noscript>'
    '<p><a href="/">Continue</a></p></html>'
)


@dataclass(frozen=True)
class _File:
    """A file as it was when `stamp` (mtime in ns, size, inode) was read.

    Attributes:
        packed: The body as gzip, made once; null where that is no shorter.
    """

    stamp: tuple[int, int, int]
    body: bytes
    packed: bytes | None
    etag: str


class PagesApi:
    """`GET /` and `GET /static/…`, served from `directory`."""

    def __init__(self, directory: Path, gate: Gate, login: LoginApi) -> None:
        self._directory = directory
        self._gate = gate
        self._login = login
        self._files: dict[Path, _File] = {}

    def public_routes(self) -> list[web.RouteDef]:
        """The routes that look at the session by themselves."""
        return [web.get("/", self.index), web.get("/static/{path:.+}", self.static)]

    async def index(self, request: web.Request) -> web.StreamResponse:
        """The console with a session, the login page without one, a session for a login URL."""
        token = request.query.get("token")
        if token is not None:
            return await self._login.login_by_url(token)
        again = "again" in request.query
        if self._gate.session(request) is not None:
            # The address goes back to what it was before the second navigation.
            return _see_other("/") if again else await self._serve(request, "index.html")
        if not again and _from_elsewhere(request):
            response = web.Response(text=_AGAIN, content_type="text/html")
            response.del_cookie(ARRIVED_COOKIE, path="/", httponly=True, samesite="Lax")
            return response
        return await self._serve(request, "login.html")

    async def static(self, request: web.Request) -> web.StreamResponse:
        """A file of the console; without a session only those that the login page is made of."""
        name = request.match_info["path"]
        if self._gate.session(request) is None and name not in await asyncio.to_thread(self._login_files):
            raise UnauthorizedError("log in first")
        return await self._serve(request, name)

    async def _serve(self, request: web.Request, name: str) -> web.Response:
        file = await asyncio.to_thread(self._read, name)
        packed = file.packed if takes_gzip(request) else None
        # Two forms of one file are two things to a cache.
        etag = file.etag if packed is None else f"{file.etag}-gzip"
        # The login page and the console share one address, so nothing may be kept of either.
        caching = "no-store" if request.path == "/" else "no-cache"
        headers = {"Cache-Control": caching, "ETag": f'"{etag}"', "Vary": "Accept-Encoding"}
        if ETag(etag) in (request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        kind = _TYPES[Path(name).suffix]
        charset = "utf-8" if kind in _TEXTS else None
        response = web.Response(body=packed or file.body, content_type=kind, charset=charset, headers=headers)
        if packed is not None:
            mark_gzip(response)
        return response

    def _read(self, name: str) -> _File:
        """The file, from memory while it is the same on the disk.

        Raises:
            NotFoundError: There is no such file, or it is not one of ours to give.
        """
        path = self._locate(name)
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            known = self._files.get(path)
            if known is None or known.stamp != stamp:
                known = self._files[path] = _file(stamp, path.read_bytes(), _TYPES[Path(name).suffix])
        except OSError as error:
            raise NotFoundError(f"there is no page {name[:200]}") from error
        return known

    def _locate(self, name: str) -> Path:
        parts = name.split("/")
        missing = NotFoundError(f"there is no page {name[:200]}")
        if any(part.startswith(".") or not part for part in parts) or Path(name).suffix not in _TYPES:
            raise missing
        try:
            root = self._directory.resolve(strict=True)
            path = root.joinpath(*parts).resolve(strict=True)
        except (OSError, ValueError) as error:
            raise missing from error
        if not path.is_relative_to(root) or not path.is_file():
            raise missing
        return path

    def _login_files(self) -> frozenset[str]:
        """The files that the login page names, and those that they name in turn."""
        found = {AGAIN_SCRIPT}
        due = ["login.html"]
        while due:
            name = due.pop()
            try:
                text = self._read(name).body.decode(errors="replace")
            except NotFoundError:
                continue
            references = _references(name, text) - found
            found |= references
            due += [one for one in references if one.endswith((".css", ".js", ".mjs"))]
        return frozenset(found)


def _file(stamp: tuple[int, int, int], body: bytes, kind: str) -> _File:
    packed = None if kind in _PACKED else gzip.compress(body, mtime=0)
    if packed is not None and len(packed) >= len(body):
        packed = None
    # Of the content: in the Nix store every file has the same modification time.
    return _File(stamp, body, packed, hashlib.sha256(body).hexdigest()[:32])


def _from_elsewhere(request: web.Request) -> bool:
    """Whether another site's page may have started this navigation; plain HTTP says it by cookie only."""
    return ARRIVED_COOKIE in request.cookies or request.headers.get("Sec-Fetch-Site") == "cross-site"


def _see_other(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _references(name: str, text: str) -> set[str]:
    """Names below `/static/` that the file `name` refers to."""
    # The page itself is served at `/`, its files below `/static/`.
    base = "/" if name.endswith(".html") else f"/static/{name}"
    paths = (posixpath.normpath(urljoin(base, reference)) for reference in _REFERENCE.findall(text))
    return {path.removeprefix("/static/") for path in paths if path.startswith("/static/")}
