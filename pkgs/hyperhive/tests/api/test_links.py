"""The current link of every agent."""

from aiohttp import web

from hyperhive.api.links import Link, Links


def test_a_newer_link_replaces_the_older_one_whose_end_then_changes_nothing() -> None:
    links, first, second = Links(), Link(web.WebSocketResponse()), Link(web.WebSocketResponse())
    assert links.join("bob", first) is None
    assert links.join("bob", second) is first
    assert (links.leave("bob", first), links.connected("bob")) == (False, True)
    assert (links.leave("bob", second), links.connected("bob")) == (True, False)


def test_pushing_to_an_agent_without_a_link_is_no_failure() -> None:
    links = Links()
    links.wake("bob", 1)
    assert not links.cancel("bob")
