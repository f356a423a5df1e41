"""What agents write stays text, whatever it is, and does not break the page."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = [
    "<img src=x onerror=\"document.body.dataset.owned='img'\">",
    "<script>document.body.dataset.owned='script'</script>",
    "\"><svg onload=document.body.dataset.owned='svg'>",
    "[click](javascript:document.body.dataset.owned='link') javascript:alert(1)",
    "&lt;b&gt; ${1+1} {{1+1}} <!-- --> ]]>",
]
LONG_WORD = "w" * 4000

#: Ways from markdown to a script, a request or a navigation, and texts that take a parser long.
MARKDOWN = [
    "[a](javascript:document.body.dataset.owned='a') <javascript:document.body.dataset.owned='b'>",
    "[a][1] [b](JAVASCRIPT&colon;alert(1)) [c](java&#x09;script&#58;alert(1))\n\n[1]: javascript:alert(1)",
    "[d](data:text/html,<script>alert(1)</script>) [v](vbscript:x) [f](file:///etc/passwd)",
    "[own](/api/logout) [own](//127.0.0.1/) [own](#/agent/boss) [own](?token=x) [own](../../x)",
    "![beacon](https://beacon.invalid/a.png) ![b](/api/state) [![c](https://beacon.invalid/c.png)](https://x.invalid)",
    "<img src=https://beacon.invalid/d.png><link rel=stylesheet href=https://beacon.invalid/e.css>",
    "<iframe src=javascript:parent.document.body.dataset.owned='f'></iframe>\n\n<base href=https://x.invalid>",
    "<style>*{background:url(https://beacon.invalid/g)}</style><meta http-equiv=refresh content=0;url=https://x.invalid>",
    "&lt;script&gt;document.body.dataset.owned='h'&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "https://a.invalid/\"onmouseover=\"document.body.dataset.owned='i' www.b.invalid me@c.invalid",
    "`<b>` **<i onclick=alert(1)>x</i>** ~~<u>~~ | <td> |",
    "| <b> | [x](javascript:alert(1)) |\n|---|---|\n| <img src=x> | y |",
    "```<script>\n</code></pre><script>document.body.dataset.owned='j'</script>\n```",
]
BOMBS = [
    ">" * 30_000,
    "> " * 15_000 + "x",
    "1. " * 10_000,
    "- " * 15_000,
    "[" * 30_000,
    "![" * 15_000,
    "*a **b " * 4_000,
    "a**b**" * 5_000,
    "`" * 15_000 + "a" + "`" * 14_999,
    "<a " * 10_000,
    "|" + "a|" * 8_000 + "\n|" + "-|" * 8_000 + "\n" + ("|" + "b|" * 500 + "\n") * 10,
    "\n".join(" " * level + "- x" for level in range(230)),
    "&#" * 15_000,
    "http://" * 4_000,
]

RIGHT_TO_LEFT = "שלום עולם " * 20 + "\u202etxt.exe\u202c"


#: Elements beyond the window's sides that no ancestor cuts off.
STICKING_OUT = """() => {
  const cut = (one) => one && (getComputedStyle(one).overflowX !== 'visible' || cut(one.parentElement));
  return [...document.querySelectorAll('#app *')].filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 1 && (left < -1 || right > innerWidth + 1) && !cut(one.parentElement);
  }).map((one) => one.outerHTML.slice(0, 120));
}"""
SCROLLING_SIDEWAYS = """() => [...document.querySelectorAll('#app *:not(.md-table)')].filter((one) =>
  ['auto', 'scroll'].includes(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1
).map((one) => one.outerHTML.slice(0, 120))"""


async def assert_whole(page: Page) -> None:
    """Nothing ran, nothing was made of text, and nothing sticks out of the page."""
    assert await page.evaluate("document.body.dataset.owned ?? null") is None
    assert (
        await page.locator("#app :is(script, iframe, object, embed), #app img:not(.brand img)").count() == 0
    )
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate(STICKING_OUT) == []
    assert await page.evaluate(SCROLLING_SIDEWAYS) == []


async def seen_in_flow(page: Page) -> set[str]:
    """The texts of all messages, scrolled through; the page stays whole at every place."""
    scroll = page.locator(".flow .scroll")
    found: set[str] = set()
    for _ in range(100):
        found |= set(await page.locator(".flow .message .body p").all_text_contents())
        await assert_whole(page)
        if await scroll.evaluate("(box) => box.scrollTop") == 0:
            break
        await scroll.evaluate("(box) => { box.scrollTop -= 300; }")
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return found


@pytest.mark.parametrize("width", [1280, 360])
async def test_messages_questions_states_and_logs_stay_text(
    hive: RunningHive, open_page: Callable[..., Any], width: int
) -> None:
    page: Page = await open_page(hive, viewport={"width": width, "height": 800})
    alice = hive.agents["alice"]
    texts = [*HOSTILE, LONG_WORD, RIGHT_TO_LEFT]
    for text in texts:
        await alice.send("bob", text)
        await alice.send("operator", text)
    await alice.call("/v1/questions", {"question": HOSTILE[0], "options": [HOSTILE[1], "o" * 400]})
    await alice.call("/v1/questions", {"question": LONG_WORD, "options": [HOSTILE[2]], "multi": True})
    link = await alice.link()
    events = [{"ts": 1.0, "turn": "t", "kind": "text", "data": {"text": text}} for text in texts]
    events += [
        {
            "ts": 1.0,
            "turn": "t",
            "kind": "tool_use",
            "data": {"id": {}, "name": text, "input": {text: [text]}},
        }
        for text in texts
    ]
    events.append({"ts": 1.0, "turn": "t", "kind": "turn_end", "data": {"result": [], "tokens": "x"}})
    await link.send_json(report(status("failed", HOSTILE[0] + LONG_WORD, model=LONG_WORD), *events))

    for text in HOSTILE:
        await expect(page.locator(".inbox .body p").get_by_text(text, exact=True)).to_be_attached()
    assert set(HOSTILE) <= await seen_in_flow(page)
    await expect(page.get_by_role("button", name=HOSTILE[1], exact=True)).to_be_visible()
    await assert_whole(page)

    await page.locator("#agent-alice").click()
    await expect(page.locator(".log li").last).to_have_attribute("aria-posinset", str(len(events)))
    await page.locator(".log .scroll").press("Home")
    await expect(page.locator(".log").get_by_text(HOSTILE[1], exact=True).first).to_be_attached()
    await assert_whole(page)
    await link.close()


async def test_a_body_of_100_kb_is_folded_and_opens_in_a_box_of_its_own(
    hive: RunningHive, page: Page
) -> None:
    body = "\n".join(f"line {number} <b>" for number in range(7000)).ljust(100_000, "x")[:100_000]
    await hive.agents["alice"].send("bob", body)
    message = page.locator(".flow .message")
    fold = message.get_by_role("button", name="Show all, 100k characters")
    await expect(fold).to_be_visible()
    await fold.click()
    assert await message.locator(".body p").text_content() == body
    box = await message.bounding_box()
    assert box is not None
    assert box["height"] < 800
    await assert_whole(page)


async def test_an_address_that_names_no_agent_is_answered_in_words(hive: RunningHive, page: Page) -> None:
    await page.goto(f"{hive.url}/#/agent/%3Cimg%20src=x%3E")
    await expect(page.locator(".panel")).to_contain_text("No agent of that name is in the hive.")
    await page.goto(f"{hive.url}/#/agent/%E0%A4%A")
    await expect(page.locator(".panel")).to_have_count(0)
    await assert_whole(page)


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"ts": 1.0, "turn": "t", "kind": kind, "data": data}


def everywhere(text: str, number: int) -> list[dict[str, Any]]:
    """Events that show the text in every place of a log."""
    call = f"call-{number}"
    edit = {
        "file_path": text,
        "old_string": text,
        "new_string": f"{text}\nmore",
        "edits": [{"old_string": text}],
    }
    own = {
        "to": text,
        "body": text,
        "question": text,
        "options": [text],
        "answer": text,
        "id": text,
        "agent": text,
    }
    return [
        event("turn_start", prompt=text, messages=[number]),
        event("text", text=text),
        event("thinking", text=text),
        event("tool_use", id=call, name=text[:200], input={text[:200]: text, "list": [text]}),
        event("tool_result", id=call, is_error=number % 2 == 0, text=text),
        *(
            event("tool_use", id=f"{call}-{name}", name=name, input=edit)
            for name in ("Edit", "Write", "MultiEdit")
        ),
        *(
            event("tool_use", id=text[:50], name=f"mcp__hyperhive__{name}", input=own)
            for name in ("send", "ask")
        ),
        event("tool_use", id=1, name="Bash", input={"command": text, "description": text}),
        event("tool_use", id=2, name="TodoWrite", input={"todos": [{"content": text, "status": text}]}),
        event("refused", tool=text[:200], input={"command": text}, rule=text, reason=text),
        event("note", level=text, text=text),
        event("state", state=text, detail=text),
        event("turn_end", result=text, error=text, duration_ms=text, tool_calls=text, tokens=text),
    ]


async def read_through(page: Page) -> int:
    """Look at a whole log from its end to its begin, and wait until all that comes into view was read."""
    scroll = page.locator(".log .scroll")
    seen = 0
    while True:
        await page.wait_for_function("() => !document.querySelector('.log [aria-busy=true]')", timeout=60_000)
        await assert_whole(page)
        seen += 1
        if (
            await scroll.evaluate("(one) => one.scrollTop") < 2
            and await page.locator(".log .edge").is_visible()
        ):
            return seen
        await scroll.evaluate("(one) => { one.scrollTop -= one.clientHeight * 0.8; }")
        await page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )


async def watch_the_way_out(page: Page, hive: RunningHive) -> list[str]:
    """What the page asks anybody but the broker for, and where it goes."""
    strange: list[str] = []
    page.on("request", lambda one: strange.append(one.url) if not one.url.startswith(hive.url) else None)
    page.on(
        "framenavigated",
        lambda frame: strange.append(frame.url) if "#/agent/alice" not in frame.url else None,
    )
    page.context.on("page", lambda opened: strange.append(opened.url))
    return strange


async def test_hostile_markdown_goes_through_every_place_of_a_log_and_stays_text(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    link = await hive.agents["alice"].link()
    for number, text in enumerate([*HOSTILE, *MARKDOWN, LONG_WORD, RIGHT_TO_LEFT]):
        await link.send_json(report(status("working", text[:500], turn="t"), *everywhere(text, number)))
    page: Page = await open_page(hive, viewport={"width": 360, "height": 1600})
    await page.goto(f"{hive.url}/#/agent/alice")
    await expect(page.locator(".log .entry").first).to_be_visible()
    strange = await watch_the_way_out(page, hive)
    requests = await page.evaluate("performance.getEntriesByType('resource').length")
    assert await read_through(page) > 3
    addresses = await page.locator(".log a").evaluate_all("(all) => all.map((one) => one.href)")
    assert [one for one in addresses if not one.startswith(("http://", "https://", "mailto:"))] == []
    assert [one for one in addresses if one.startswith(hive.url)] == []
    assert strange == []
    asked = await page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert [one for one in asked[requests:] if "/events?" not in one and "/static/" not in one] == []
    await link.close()


async def test_a_link_of_an_agent_opens_elsewhere_and_shows_where_it_leads(
    hive: RunningHive, page: Page
) -> None:
    text = "see [the docs](https://user:secret@docs.invalid/a?b) and https://plain.invalid"
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), event("text", text=text)))
    await page.goto(f"{hive.url}/#/agent/alice")
    links = page.locator(".log .markdown a")
    await expect(links).to_have_text(["the docs", "https://plain.invalid"])
    for at in range(2):
        await expect(links.nth(at)).to_have_attribute("rel", "noopener noreferrer")
        await expect(links.nth(at)).to_have_attribute("target", "_blank")
    await expect(links.first).to_have_attribute("href", "https://docs.invalid/a?b")
    await expect(page.locator(".log .markdown")).to_contain_text("the docs (docs.invalid/a?b)")
    await link.close()


async def test_texts_made_to_hang_a_parser_are_shown_as_they_are(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    for number, text in enumerate(BOMBS):
        edit = {"file_path": "x", "old_string": text, "new_string": text[::-1]}
        events = [event("text", text=text), event("tool_use", id=number, name="Edit", input=edit)]
        await link.send_json(report(status("working", turn="t"), *events))
    await page.goto(f"{hive.url}/#/agent/alice")
    await expect(page.locator(".log .entry").first).to_be_visible()
    await read_through(page)
    await page.locator(".log").get_by_role("button", name="Show all").first.click()
    await read_through(page)
    await link.close()


#: A parser that does not come back from one text, around the real one.
HANGING = """
import { readMarkdown } from "./markdown.js";
addEventListener("message", ({ data: { texts } }) => {
  while (texts[0].includes("for ever")) {}
  postMessage({ value: readMarkdown(texts[0]) });
});
postMessage({ ready: true });
"""


async def test_a_text_that_is_never_read_stays_plain_and_the_page_and_all_other_texts_go_on(
    hive: RunningHive, page: Page
) -> None:
    await page.route(
        "**/parser/worker.js", lambda route: route.fulfill(body=HANGING, content_type="text/javascript")
    )
    link = await hive.agents["alice"].link()
    texts = ["read **this** first", "this takes **for ever**", "read **this** last"]
    await link.send_json(report(status("idle"), *(event("text", text=text) for text in texts)))
    await page.goto(f"{hive.url}/#/agent/alice")
    entries = page.locator(".log .entry .body")
    await expect(entries.nth(0)).to_have_text("read this first")
    await expect(entries.nth(1).locator("[aria-busy=true]")).to_have_text(texts[1])
    await page.get_by_label("Message to alice").fill("the page goes on meanwhile")
    await expect(entries.nth(2)).to_have_text("read this last")
    await expect(entries.nth(1).locator("[aria-busy=false]")).to_have_text(texts[1])
    await link.close()


#: Turns what follows it round; takes no room; steers a terminal.
TURNED, UNSEEN, STEERING = "\u202e", "\u200b", "\u001b"
SPOOF = f"a{TURNED}b{UNSEEN}c{STEERING}d"
SHOWN = "a⟨U+202E⟩b⟨U+200B⟩c⟨ESC⟩d"

#: Every text of the page that is not prose, with what is read in the place of a text.
TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.querySelector('#app'), NodeFilter.SHOW_ELEMENT);
  for (let one = walker.nextNode(); one; one = walker.nextNode()) {
    for (const name of ['title', 'aria-label', 'placeholder']) found.push(one.getAttribute(name) ?? '');
    if (one.closest('[data-prose], .markdown')) continue;
    for (const child of one.childNodes) if (child.nodeType === Node.TEXT_NODE) found.push(child.data);
  }
  return found;
}"""


async def hidden_texts(page: Page) -> list[str]:
    """What the page shows outside of prose with a character in it that nobody sees."""
    texts: list[str] = await page.evaluate(TEXTS)
    return [text for text in texts if {TURNED, UNSEEN, STEERING}.intersection(text)]


async def test_what_the_operator_decides_on_shows_what_it_hides(hive: RunningHive, page: Page) -> None:
    alice = hive.agents["alice"]
    asked = {"question": f"Delete {SPOOF}?", "options": ["yes", f"yes{UNSEEN}", f"no{TURNED}"]}
    await alice.call("/v1/questions", asked)
    await alice.call("/v1/questions", {**asked, "multi": True})
    questions = page.locator(".questions form")
    await expect(questions).to_have_count(2)
    for question in [questions.first, questions.last]:
        await expect(question.get_by_text(f"Delete {SHOWN}?", exact=True)).to_be_visible()
        for option in ["yes", "yes⟨U+200B⟩", "no⟨U+202E⟩"]:
            await expect(question.locator(".options").get_by_text(option, exact=True)).to_be_visible()
    assert await hidden_texts(page) == []
    # What is answered is what was offered, not its picture.
    await page.get_by_role("button", name="yes⟨U+200B⟩", exact=True).click()
    await expect(questions).to_have_count(1)
    listed = await alice.call("/v1/questions")
    assert [one["options"] for one in listed["questions"]] == [asked["options"]]
    [told] = await alice.lease("t")
    assert told["body"].endswith(f"\nAnswer: yes{UNSEEN}")


async def test_an_agents_page_shows_what_calls_results_and_states_hide(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    calls = {
        "Bash": {"command": f"rm {SPOOF}", "description": SPOOF},
        "Write": {"file_path": f"/tmp/{SPOOF}", "content": SPOOF},
        "Edit": {"file_path": f"/tmp/{SPOOF}", "old_string": SPOOF, "new_string": f"{SPOOF}\n{SPOOF}"},
        "mcp__hyperhive__send": {"to": SPOOF, "body": "x"},
        f"mcp__{SPOOF}__x": {SPOOF: [SPOOF]},
    }
    events: list[dict[str, Any]] = []
    for number, (name, given) in enumerate(calls.items()):
        call = {"id": str(number), "name": name, "input": given}
        events.append({"ts": 1.0, "turn": "t", "kind": "tool_use", "data": call})
        result = {"id": str(number), "text": SPOOF, "runs": SPOOF}
        events.append({"ts": 1.0, "turn": "t", "kind": "tool_result", "data": result})
    refusal = {"tool": "Bash", "input": {"command": SPOOF}, "rule": SPOOF, "reason": SPOOF}
    events.append({"ts": 1.0, "turn": "t", "kind": "refused", "data": refusal})
    events.append({"ts": 1.0, "turn": "t", "kind": "note", "data": {"level": "error", "text": SPOOF}})
    events.append({"ts": 1.0, "turn": "t", "kind": "turn_end", "data": {"result": "failed", "error": SPOOF}})
    await link.send_json(report(status("failed", SPOOF, model=SPOOF), *events))
    await page.locator("#agent-alice").click()
    rows = page.locator(".log li")
    await expect(rows.get_by_text(f"$ rm {SHOWN}", exact=True)).to_be_attached()
    await expect(page.locator(".panel").get_by_text(SHOWN, exact=True).first).to_be_visible()
    await expect(rows.locator("[aria-busy=true]")).to_have_count(0)
    assert await hidden_texts(page) == []
    for part in ["Inbox", "Stats", "Policy", "Self-test"]:
        await page.get_by_role("tab", name=part).click()
        await expect(page.get_by_role("tab", name=part)).to_have_attribute("aria-selected", "true")
        assert await hidden_texts(page) == []
    await link.close()


async def test_prose_keeps_what_languages_need_and_turns_nothing_around_it(
    hive: RunningHive, page: Page
) -> None:
    persian = "می\u200cخوریم"
    await hive.agents["alice"].send("operator", f"{persian} {TURNED}txt.exe")
    prose = page.locator(".inbox-message p[data-prose]").filter(has_text=persian)
    await expect(prose).to_have_text(f"{persian} {TURNED}txt.exe")
    assert await prose.evaluate("(one) => getComputedStyle(one).unicodeBidi") in {"isolate", "plaintext"}
