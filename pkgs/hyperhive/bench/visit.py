"""A visit to the dashboard, seen through Chromium's own instruments: paint, bytes, heap, elements."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, ViewportSize

from hyperhive.errors import UnavailableError

VIEW: Final[ViewportSize] = {"width": 1280, "height": 800}
#: How long a page has to be quiet to have loaded, in seconds, and the longest wait for that.
_QUIET: Final = 0.5
_LOAD_SECONDS: Final = 30.0

#: Notes when agents, top line and messages are on the screen: after the frame that has them.
_WATCH: Final = """
const parts = ['.agent', '.flow .message', '.needs :is(.need, .quiet-line)'];
let painted;
window.painted = new Promise((resolve) => (painted = resolve));
const watch = new MutationObserver(() => {
  if (!parts.every((part) => document.querySelector(part))) return;
  watch.disconnect();
  requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => painted(performance.now());
    after.port2.postMessage(null);
  });
});
watch.observe(document, { childList: true, subtree: true });
"""


@dataclass
class Wire:
    """Bytes that one page has received: as they came over the wire, and decoded; by request."""

    transferred: Counter[str] = field(default_factory=Counter)
    decoded: Counter[str] = field(default_factory=Counter)

    def watch(self, session: CDPSession) -> None:
        """Count from now on."""
        session.on("Network.dataReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def sums(self) -> tuple[int, int]:
        """Transferred and decoded bytes so far."""
        return self.transferred.total(), self.decoded.total()

    def _received(self, event: dict[str, Any]) -> None:
        self.decoded[event["requestId"]] += event["dataLength"]
        self.transferred[event["requestId"]] += event["encodedDataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        # With headers, which count as well; a stream never comes here.
        self.transferred[event["requestId"]] = int(event["encodedDataLength"])


@dataclass(frozen=True)
class Visit:
    """An open dashboard and what watches it."""

    page: Page
    session: CDPSession
    wire: Wire

    async def painted(self) -> float:
        """Milliseconds from the start of the navigation to the first useful paint."""
        return float(await asyncio.wait_for(self.page.evaluate("window.painted"), _LOAD_SECONDS))

    async def settled(self) -> None:
        """Wait until nothing has come over the wire for a moment."""
        before = None
        for _ in range(int(_LOAD_SECONDS / _QUIET)):
            if before == (before := self.wire.sums()):
                return
            await asyncio.sleep(_QUIET)
        raise UnavailableError(f"the page still loads after {_LOAD_SECONDS:g} s")

    async def heap(self) -> int:
        """Bytes of the page's JavaScript objects that are still in use."""
        for _ in range(3):
            await self.session.send("HeapProfiler.collectGarbage")
        return int((await self.session.send("Runtime.getHeapUsage"))["usedSize"])

    async def elements(self) -> int:
        """Elements in the page."""
        return int(await self.page.evaluate("document.querySelectorAll('*').length"))


@asynccontextmanager
async def visit(browser: Browser, login_url: str, address: str = "") -> AsyncIterator[Visit]:
    """Open the dashboard in a browser that has never been there; the login is not part of it."""
    context: BrowserContext = await browser.new_context(viewport=VIEW)
    try:
        await context.request.get(login_url)
        page = await context.new_page()
        await page.add_init_script(_WATCH)
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("HeapProfiler.enable")
        wire = Wire()
        wire.watch(session)
        await page.goto(f"{login_url.partition('/?')[0]}/{address}", wait_until="commit")
        yield Visit(page, session, wire)
    finally:
        await context.close()
