"""What root of an agent's container reaches: what was opened for it, and the broker as itself."""

import json
import re
import shlex
from typing import Any

DASHBOARD = 7000
MODEL = 4000


def leader(agent: str) -> str:
    """Pid of the container's init, as shell words."""
    return f"$(machinectl show h-{agent} --property=Leader --value)"


def connect(address: str, port: int) -> str:
    """Shell line that succeeds when a TCP connection is accepted."""
    return f"timeout 2 bash -c '</dev/tcp/{address}/{port}'"


def unreachable(port: int, *addresses: str) -> None:
    """Show that Alice's container cannot connect; that nothing could be run there is no such failure."""
    tries = "\n".join(f"{{ {connect(address, port)} && echo {address}; }} &" for address in addresses)
    # What could not be reached says so to nobody.
    reached = machine.succeed(inside("alice", f"({tries}\nwait) 2> /dev/null; echo tried"))
    assert reached == "tried\n", reached


def addresses(command: str) -> list[str]:
    """IPv4 addresses in what a command prints."""
    return re.findall(r"\b(\d+\.\d+\.\d+\.\d+)/\d+", machine.succeed(command))


def curl(route: str, body: object = None, *options: str) -> str:
    """Shell line of a call on Alice's own socket; prints the answer and, on the next line, its status."""
    socket = ["--unix-socket", "/run/hyperhive/broker.sock"]
    data = [] if body is None else ["--data", json.dumps(body)]
    command = ["curl", "--silent", *socket, "--write-out", "\n%{http_code}\n", *data, *options]
    return shlex.join([*command, f"http://broker{route}"])


def answers(*commands: str) -> list[tuple[int, Any]]:
    """Status and answer of each call."""
    lines = machine.succeed(inside("alice", "\n".join(commands))).splitlines()
    return [(int(status), json.loads(text)) for text, status in zip(lines[::2], lines[1::2], strict=True)]


def call(route: str, body: object = None, *options: str) -> tuple[int, Any]:
    """Status and answer of one call."""
    return answers(curl(route, body, *options))[0]


def key(answer: tuple[int, Any]) -> tuple[int, str]:
    """Status and key of a refusal."""
    return answer[0], answer[1]["error"]["key"]


machine.wait_for_unit("hyperhive.service")
machine.succeed(ENTER)
for agent in ("alice", "bob"):
    machine.wait_until_succeeds(in_state(agent, "idle"))

with subtest("it has a network of its own"):
    own = "readlink /proc/self/ns/net"
    assert machine.succeed(inside("alice", own)) != machine.succeed(own)

show_addresses = "ip -4 -oneline address show scope global"
host = machine.succeed(f"nsenter --target {leader('alice')} --net -- ip -4 route show default").split()[2]
(bob,) = addresses(f"nsenter --target {leader('bob')} --net -- {show_addresses}")
listen = (
    "socat {}-LISTEN:4100,fork,reuseaddr /dev/null > /tmp/listener.log 2>&1 & echo $! > /tmp/listener.pid"
)

with subtest("it reaches the port of the host that was opened for it, and so the test can tell"):
    machine.wait_until_succeeds(inside("alice", connect(host, MODEL)))

with subtest("it does not reach the dashboard"):
    machine.succeed(connect("127.0.0.1", DASHBOARD))
    unreachable(DASHBOARD, "127.0.0.1", host)

with subtest("it does not reach the host's loopback or another address of the host"):
    machine.succeed(connect("127.0.0.1", MODEL))
    unreachable(MODEL, *{"127.0.0.1", *addresses(show_addresses)} - {host})

with subtest("it does not reach the host over IPv6 or UDP"):
    machine.succeed(listen.format("TCP6"))
    machine.wait_until_succeeds(connect("::1", 4100))
    for address in re.findall(
        r"inet6 (fe80[0-9a-f:]+)", machine.succeed("ip -6 -oneline address show dev ve-h-alice")
    ):
        machine.succeed(connect(f"{address}%ve-h-alice", 4100))
        unreachable(4100, f"{address}%eth0")
    machine.succeed("kill $(cat /tmp/listener.pid)")
    machine.succeed(
        "systemd-run --quiet --unit=knock --socket-property=ListenDatagram=0.0.0.0:4200 sleep infinity"
    )
    machine.succeed(inside("alice", f"bash -c 'echo knock > /dev/udp/{host}/4200' && {connect(host, MODEL)}"))
    assert machine.execute("systemctl is-active knock.service")[1] == "inactive\n"
    machine.succeed("bash -c 'echo knock > /dev/udp/127.0.0.1/4200'")
    machine.wait_until_succeeds("systemctl is-active knock.service")
    machine.succeed("systemctl stop knock.socket knock.service")

with subtest("it does not reach another agent"):
    machine.succeed(f"nsenter --target {leader('bob')} --net -- {listen.format('TCP4')}")
    machine.wait_until_succeeds(connect(bob, 4100))
    unreachable(4100, bob)
    machine.succeed("kill $(cat /tmp/listener.pid)")

with subtest("it does not reach the host's abstract sockets"):
    answer = "printf 'HTTP/1.0 200 OK\\r\\n\\r\\nHello.'"
    machine.succeed(
        "systemd-run --quiet --unit=abstract --property=StandardOutput=journal"
        f" systemd-socket-activate --listen=@knock --accept --inetd /bin/sh -c {shlex.quote(answer)}"
    )
    reach = "curl --silent --show-error --max-time 5 --abstract-unix-socket knock http://host/"
    machine.wait_until_succeeds(f"({reach} || true) | grep Hello")
    code, said = machine.execute(f"{inside('alice', reach)} 2>&1")
    # Seven: there is nobody to connect to.
    assert code == 7, said
    assert machine.succeed(inside("alice", "grep --count @knock /proc/net/unix || true")) == "0\n"
    machine.succeed("systemctl stop abstract.service")

with subtest("it has no other agent's socket, and not the operator's"):
    machine.succeed(
        inside(
            "alice", "cd /run/hyperhive && test -S broker.sock && ! test -e admin.sock && ! test -e agents"
        )
    )
    as_alice = f"setpriv --reuid {uid_base('alice')} --regid {uid_base('alice')} --clear-groups"
    for socket in ("admin.sock", "agents/bob/broker.sock", "agents/alice/broker.sock"):
        reach = f"curl --silent --show-error --unix-socket /run/hyperhive/{socket} http://broker/v1/me"
        machine.succeed(reach)
        code, said = machine.execute(f"{as_alice} {reach} 2>&1")
        # Seven: it could not connect.
        assert code == 7, said

with subtest("another agent that got hold of its socket would not be taken for it"):
    as_bob = f"setpriv --reuid {uid_base('bob')} --regid {uid_base('bob')} --clear-groups"
    reach = "curl --silent --unix-socket /run/hyperhive/broker.sock http://broker/v1/me"
    said = machine.succeed(f"nsenter --target {leader('alice')} --mount -- {as_bob} {reach}")
    expected = f"uid {uid_base('bob')} may not use this socket"
    assert json.loads(said) == {"error": {"key": "forbidden", "message": expected}}, said

with subtest("on its own socket it is itself"):
    status, me = call("/v1/me")
    assert (status, me["name"], me["role"]) == (200, "alice", "agent"), me

with subtest("a message that names another sender is refused"):
    forged = [{"to": "operator", "body": "I am Bob.", field: "bob"} for field in ("sender", "from", "agent")]
    for refusal in answers(*(curl("/v1/messages", body) for body in forged)):
        assert key(refusal) == (400, "invalid_request"), refusal

with subtest("no header makes a message another's"):
    names = ("X-Agent", "X-Forwarded-User", "Authorization", "Host")
    headers = [word for name in names for word in ("--header", f"{name}: bob")]
    status, result = call("/v1/messages", {"to": "operator", "body": "I am Bob."}, *headers)
    assert (status, result["messages"][0]["sender"]) == (200, "alice"), result

with subtest("it does not read, lease or answer what is another's"):
    sent = json.loads(machine.succeed("hyperhive send --json bob 'For Bob only.'"))["messages"][0]["id"]
    assert key(call(f"/v1/messages/{sent}")) == (404, "not_found")
    lease = {"turn": "t", "max": 1, "wait_seconds": 0}
    leases = [lease | {field: "bob"} for field in ("agent", "name", "recipient")]
    for refusal in answers(*(curl("/v1/inbox/lease", body) for body in leases)):
        assert key(refusal) == (400, "invalid_request"), refusal
    assert key(call("/v1/agents/bob/inbox/lease", {"turn": "t"})) == (404, "not_found")
    status, asked = call("/v1/questions", {"question": "May I?"})
    assert status == 200, asked
    assert key(call(f"/v1/questions/{asked['id']}/answer", {"answer": "You may."})) == (403, "forbidden")

with subtest("what is the manager's is refused"):
    verbs = ("start", "stop", "restart")
    for refusal in answers(curl("/v1/agents"), *(curl(f"/v1/agents/bob/{verb}", {}) for verb in verbs)):
        assert key(refusal) == (403, "forbidden"), refusal

with subtest("what is the operator's is not there"):
    hidden = ("/api/state", "/api/messages", "/api/agents/bob/stop", "/admin/token", "/messages/stream")
    asked = [curl(route) for route in hidden] + [curl(route, {}) for route in hidden]
    for refusal in answers(*asked):
        assert key(refusal) == (404, "not_found"), refusal
    target = f"http://127.0.0.1:{DASHBOARD}/api/state"
    assert key(call("/", None, "--request-target", target)) == (400, "invalid_request")

with subtest("an address that is not its own gets it nowhere"):
    reach = f"curl --silent --output /dev/null --max-time 2 http://{host}:{MODEL}/"
    machine.succeed(inside("alice", reach))
    for address in ("10.231.14.231", bob):
        add, remove = (f"ip address {verb} {address}/32 dev eth0" for verb in ("add", "del"))
        attempt = inside("alice", f"{add} && {reach} --interface {address}; code=$?; {remove}; exit $code")
        # Twenty-eight: nobody answered.
        assert machine.execute(attempt)[0] == 28, address

with subtest("a route to loopback over its link does not lead to the host's"):
    (alice,) = addresses(f"nsenter --target {leader('alice')} --net -- {show_addresses}")
    routes = (
        "ip route del table local local 127.0.0.0/8 dev lo",
        "ip route del table local local 127.0.0.1 dev lo",
        f"ip route add 127.0.0.1/32 via {host} dev eth0 src {alice}",
    )
    machine.succeed(inside("alice", " && ".join(routes)))
    for port in (DASHBOARD, MODEL):
        unreachable(port, "127.0.0.1")
    # Her own loopback again.
    machine.succeed(inside("alice", "ip route del 127.0.0.1 && ip link set lo down && ip link set lo up"))
