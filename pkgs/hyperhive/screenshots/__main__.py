"""`python -m screenshots`: PNGs of every page, in both colour schemes and widths, offline."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Error

from bench.browser import browser
from hyperhive.errors import HyperhiveError
from screenshots.shots import SCHEMES, SHOTS, SIZES, Shot
from screenshots.stage import waiting_hive

_WAIT_MS: Final = 30_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; the exit code is 1 when one could not be taken."""
    parser = argparse.ArgumentParser(prog="python -m screenshots", description=__doc__)
    parser.add_argument(
        "directory", nargs="?", type=Path, default=Path("screenshots"), help="(default: %(default)s)"
    )
    parser.add_argument(
        "--only", action="append", choices=[shot.name for shot in SHOTS], help="may be given again"
    )
    options = parser.parse_args(arguments)
    chosen = [shot for shot in SHOTS if options.only is None or shot.name in options.only]
    try:
        options.directory.mkdir(parents=True, exist_ok=True)
        asyncio.run(_take(chosen, options.directory))
    except (HyperhiveError, OSError, Error) as error:
        sys.stderr.write(f"screenshots: {error}\n")
        return 1
    return 0


async def _take(shots: Sequence[Shot], directory: Path) -> None:
    async with waiting_hive() as hive, browser() as started:
        for shot in shots:
            for size in SIZES:
                for scheme in SCHEMES:
                    path = directory / f"{shot.name}-{size}-{scheme}.png"
                    await _picture(started, hive.login_url, shot, size, scheme, path)
                    sys.stdout.write(f"{path}\n")


async def _picture(started: Browser, login_url: str, shot: Shot, size: str, scheme: str, path: Path) -> None:
    context = await started.new_context(
        viewport=SIZES[size],
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    try:
        context.set_default_timeout(_WAIT_MS)
        page = await context.new_page()
        if shot.session:
            await page.goto(login_url)
            await page.locator(".link[data-link=live]").wait_for()
        await page.goto(f"{login_url.partition('/?')[0]}/{shot.address}")
        await page.locator(shot.ready).first.wait_for(state="attached")
        await shot.steps(page)
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=path, animations="disabled", caret="hide")
    finally:
        await context.close()


if __name__ == "__main__":
    sys.exit(main())
