"""Nobody gets past the dashboard's login page without the token or the password."""

import json

PASSWORD = "seven honey bees"

#: Everything that the dashboard calls, and one path that it does not.
ROUTES = (
    "/api/state",
    "/messages/stream",
    "/api/streams",
    "/api/messages",
    "/api/messages/1",
    "/api/questions",
    "/api/agents/alice",
    "/api/agents/alice/events",
    "/api/agents/alice/stream",
    "/static/js/main.js",
    "/no/such/route",
)

machine.wait_for_unit("hyperhive.service")
machine.wait_until_succeeds("hyperhive token")
before = int(machine.succeed(NEWEST))
link = machine.succeed("hyperhive token").strip()
base = link.partition("/?token=")[0]


def status(path: str, options: str = "") -> int:
    """HTTP status of a call with curl's options."""
    output = "--silent --output /dev/null --write-out '%{http_code}' --max-time 20"
    return int(machine.succeed(f"curl {output} {options} '{base}{path}'"))


def message(text: str, origin: str) -> str:
    """Options of a call that sends a message to Alice; an origin of '' is none."""
    body = json.dumps({"to": "alice", "body": text})
    header = f"--header 'Origin: {origin}'" if origin else ""
    return f"{header} --header 'Content-Type: application/json' --data '{body}'"


def login(secret: dict[str, str], jar: str) -> str:
    """Options of a call that logs in and keeps the session in the file."""
    headers = f"--header 'Origin: {base}' --header 'Content-Type: application/json'"
    return f"{headers} --data '{json.dumps(secret)}' --cookie-jar {jar}"


with subtest("without a session there is the login page and nothing else"):
    page = machine.succeed(f"curl --silent --fail '{base}/'")
    assert "password" in page, page
    found = {path: status(path) for path in ROUTES}
    assert found == dict.fromkeys(ROUTES, 401), found
    assert status("/api/messages", message("from nobody", base)) == 401
    assert status("/api/logout", f"--request POST --header 'Origin: {base}'") == 401

with subtest("a wrong token starts no session"):
    headers = machine.succeed(f"curl --silent --dump-header - --output /dev/null '{base}/?token=guessed'")
    assert "location: /#refused" in headers.lower(), headers
    assert "set-cookie" not in headers.lower(), headers

with subtest("the token's link sets a cookie that no script and no other site gets"):
    headers = machine.succeed(
        f"curl --silent --dump-header - --output /dev/null --cookie-jar /tmp/token '{link}'"
    )
    cookies = [line for line in headers.splitlines() if line.lower().startswith("set-cookie: hyperhive-")]
    (session,) = [line for line in cookies if "arrived" not in line]
    assert "HttpOnly" in session, session
    assert "SameSite=Strict" in session, session
    assert status("/api/state", "--cookie /tmp/token") == 200
    assert status("/no/such/route", "--cookie /tmp/token") == 404

with subtest("a session does not help a request to another host name"):
    assert status("/api/state", "--cookie /tmp/token --header 'Host: hive.example'") == 403

with subtest("a session does not help a change that comes from another site, or from nobody knows where"):
    for origin in ("", "http://hive.example", "null"):
        assert status("/api/messages", f"--cookie /tmp/token {message('forged', origin)}") == 403
    assert status("/api/messages", f"--cookie /tmp/token {message('from the page', base)}") == 200
    new = f"[.messages[] | select(.id > {before}).body]"
    bodies = machine.succeed(f"hyperhive status --json | jq --compact-output '{new}'")
    assert bodies == '["from the page"]\n', bodies

with subtest("the password starts a session, another one does not"):
    assert status("/api/login", login({"password": "eight honey bees"}, "/tmp/wrong")) == 401
    assert status("/api/state", "--cookie /tmp/wrong") == 401
    assert status("/api/login", login({"password": PASSWORD}, "/tmp/password")) == 200
    assert status("/api/state", "--cookie /tmp/password") == 200

with subtest("after logging out the cookie is worth nothing; other sessions stay"):
    assert status("/api/logout", f"--request POST --cookie /tmp/token --header 'Origin: {base}'") == 200
    assert status("/api/state", "--cookie /tmp/token") == 401
    assert status("/api/state", "--cookie /tmp/password") == 200

with subtest("the command line's socket is root's and the broker's alone"):
    machine.fail("runuser --user nobody -- hyperhive status --socket /run/hyperhive/admin.sock")
