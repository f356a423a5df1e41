"""Pages and their files."""

import gzip
from pathlib import Path

from yarl import URL

from tests.api.conftest import RunningHive, StartHive, refusal


async def test_a_browser_without_a_session_gets_the_login_page(start_hive: StartHive) -> None:
    hive = await start_hive()
    async with hive.stranger.get("/") as response:
        text = await response.text()
        assert (response.status, "log in" in text, response.headers["Cache-Control"]) == (
            200,
            True,
            "no-store",
        )


async def test_a_session_gets_the_console(hive: RunningHive) -> None:
    async with hive.browser.get("/") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert "console" in await response.text()


async def test_without_a_session_only_the_login_pages_own_files_are_served(start_hive: StartHive) -> None:
    hive = await start_hive()
    for name in ("css/login.css", "css/base.css", "js/login.js", "js/http.js", "js/again.js"):
        async with hive.stranger.get(f"/static/{name}") as response:
            assert (name, response.status) == (name, 200)
    for name in ("js/console.js", "index.html", "no/such.js", "../broker.sqlite"):
        assert await refusal(hive.stranger, "GET", f"/static/{name}") == (401, "unauthorized")


async def test_a_file_has_its_type(hive: RunningHive, dashboard_dir: Path) -> None:
    kinds = {
        "a.js": "text/javascript; charset=utf-8",
        "a.mjs": "text/javascript; charset=utf-8",
        "a.css": "text/css; charset=utf-8",
        "a.svg": "image/svg+xml",
        "a.png": "image/png",
        "a.woff2": "font/woff2",
        "a.webmanifest": "application/manifest+json",
    }
    served = {}
    for name in kinds:
        (dashboard_dir / name).write_bytes(b"x")
        async with hive.browser.get(f"/static/{name}") as response:
            assert (response.status, response.headers["Cache-Control"]) == (200, "no-cache")
            served[name] = response.headers["Content-Type"]
    assert served == kinds


async def test_an_unchanged_file_is_not_sent_again_and_a_changed_one_is(
    hive: RunningHive, dashboard_dir: Path
) -> None:
    path = "/static/js/console.js"
    async with hive.browser.get(path) as response:
        etag = response.headers["ETag"]
    async with hive.browser.get(path, headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read(), response.headers["ETag"]) == (304, b"", etag)
    (dashboard_dir / "js" / "console.js").write_text("'another one';")
    async with hive.browser.get(path, headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.text()) == (200, "'another one';")


async def test_a_text_is_sent_compressed_to_a_browser_that_takes_it(
    hive: RunningHive, dashboard_dir: Path
) -> None:
    text = "// the same line\n" * 200
    (dashboard_dir / "long.js").write_text(text)
    (dashboard_dir / "long.png").write_text(text)
    (dashboard_dir / "short.js").write_text("1")
    sent = {}
    for name in ("long.js", "long.png", "short.js"):
        for encoding in ("gzip", "identity"):
            given = {"Accept-Encoding": encoding}
            async with hive.browser.get(f"/static/{name}", headers=given, auto_decompress=False) as response:
                body = await response.read()
                kind = response.headers.get("Content-Encoding", "identity")
                assert response.headers["Vary"] == "Accept-Encoding"
                plain = gzip.decompress(body) if kind == "gzip" else body
                assert plain == (dashboard_dir / name).read_bytes()
                sent[name, encoding] = (kind, response.headers["ETag"])
    assert {key: kind for key, (kind, _) in sent.items()} == {
        **dict.fromkeys(sent, "identity"),
        ("long.js", "gzip"): "gzip",
    }
    # Each form has a tag of its own, and is known again by it.
    tags = [sent["long.js", encoding][1] for encoding in ("gzip", "identity")]
    assert len(set(tags)) == 2
    given = {"Accept-Encoding": "gzip", "If-None-Match": tags[0]}
    async with hive.browser.get("/static/long.js", headers=given) as response:
        assert (response.status, response.headers["ETag"]) == (304, tags[0])


#: Ways out of the directory, and files in it that are nobody's business.
ASTRAY = [
    "/static/../secret.txt",
    "/static/%2e%2e/secret.txt",
    "/static/..%2fsecret.txt",
    "/static/js/%2e%2e/%2e%2e/secret.txt",
    "/static/..%5csecret.txt",
    "/static//etc/hosts.txt",
    "/static/%2fetc/hosts.txt",
    "/static/link.txt",
    "/static/linked/secret.txt",
    "/static/.hidden.txt",
    "/static/js",
    "/static/js/",
    "/static/secret.sqlite",
    "/static/a%00.js",
    "/static/" + "a" * 300 + ".js",
]


async def test_nothing_outside_of_the_directory_is_served(hive: RunningHive, dashboard_dir: Path) -> None:
    outside = dashboard_dir.parent
    (outside / "secret.txt").write_text("secret")
    (dashboard_dir / "secret.sqlite").write_text("secret")
    (dashboard_dir / ".hidden.txt").write_text("secret")
    (dashboard_dir / "link.txt").symlink_to(outside / "secret.txt")
    (dashboard_dir / "linked").symlink_to(outside)
    answers = {path: await refusal(hive.browser, "GET", URL(path, encoded=True)) for path in ASTRAY}
    assert answers == dict.fromkeys(ASTRAY, (404, "not_found"))


async def test_a_linked_directory_as_a_whole_is_served(
    start_hive: StartHive, dashboard_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "result").symlink_to(dashboard_dir)
    hive = await start_hive(dashboard_dir=str(tmp_path / "result"))
    await hive.log_in()
    async with hive.browser.get("/static/js/console.js") as response:
        assert response.status == 200


async def test_a_browser_that_another_sites_link_brought_here_navigates_once_more(
    start_hive: StartHive,
) -> None:
    hive = await start_hive()
    async with hive.stranger.get("/", headers={"Sec-Fetch-Site": "cross-site"}) as response:
        text = await response.text()
        assert '<script src="/static/js/again.js">' in text
        assert 'http-equiv="refresh"' in text
    for url, site in (("/", "same-origin"), ("/?again", "same-origin"), ("/?again", "cross-site")):
        async with hive.stranger.get(url, headers={"Sec-Fetch-Site": site}) as response:
            assert "log in" in await response.text()
    async with hive.stranger.get("/", cookies={"hyperhive-arrived": "1"}) as response:
        assert 'http-equiv="refresh"' in await response.text()
        assert "Max-Age=0" in response.headers["Set-Cookie"]


async def test_a_missing_dashboard_is_a_sentence(start_hive: StartHive, tmp_path: Path) -> None:
    hive = await start_hive(dashboard_dir=str(tmp_path / "nowhere"))
    assert await refusal(hive.stranger, "GET", "/") == (404, "not_found")
