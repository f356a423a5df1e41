"""Shell lines that look at a hive, send its mail and go into its containers, for every scenario.

The hive's own command is a Python program, and a unit in a container takes a dozen processes: called again
and again on an emulated processor, they would hold up what they wait for.
"""

import hashlib
import json
import shlex

ADMIN = "curl --silent --unix-socket /run/hyperhive/admin.sock"
SNAPSHOT = f"{ADMIN} http://localhost/api/state"
#: Shell line that writes the id of the newest message, 0 where there is none.
NEWEST = f"{SNAPSHOT} | jq '[.messages[].id] | max // 0'"

#: Runs a command in a container, by a root shell that stays there for the next one: `inside h-NAME COMMAND`.
#: Three pipes lead to the shell. Whoever opens one for reading and writing waits for no other end, and an
#: answer ends with a mark, as the pipes stay open.
_INSIDE = r"""
pipe=/run/inside-$1 mark=$SRANDOM$SRANDOM
answer() {
    while IFS= read -r line; do
        case $line in
            *"$mark "*) printf %s "${line%"$mark "*}"; return "${line##*"$mark "}" ;;
            "the shell in $pipe has ended") return 255 ;;
        esac
        printf '%s\n' "$line"
    done
}
new=
[[ -p $pipe.in ]] || { new=1; mkfifo "$pipe".{in,out,err}; }
exec 3<>"$pipe.in" 4<>"$pipe.out" 5<>"$pipe.err"
if [[ $new ]]; then
    setsid bash -c '
        systemd-run --machine="$1" --quiet --pipe --wait --collect /bin/sh -l
        rm "$0".{in,out,err}
        echo "the shell in $0 has ended"
        echo "the shell in $0 has ended" >&2' "$pipe" "$1" <&3 >&4 2>&5 3>&- 4>&- 5>&- &
fi
printf '(%s\n) < /dev/null\ncode=$?; echo "%s $code"; echo "%s $code" >&2\n' "$2" "$mark" "$mark" >&3
answer <&5 >&2 &
code=0
answer <&4 || code=$?
wait $! || true
exit "$code"
"""
#: Shell line that makes `inside` work.
ENTER = f"cat > /run/inside <<'END'{_INSIDE}END"


def mail(agent: str, text: str) -> str:
    """Shell line that sends a message as the operator, and writes its id."""
    body = shlex.quote(json.dumps({"to": agent, "body": text}))
    return f"{ADMIN} --fail --json {body} http://localhost/api/messages | jq '.messages[0].id'"


def about(message: int, expression: str) -> str:
    """Shell line that writes what jq says of a message; it ends with 0 unless that is false or null."""
    select = f".messages[] | select(.id == {message}) | {expression}"
    return f"{SNAPSHOT} | jq --compact-output --exit-status {shlex.quote(select)}"


def reported(text: str, after: int) -> str:
    """Shell line that ends with 0 when the operator has mail with a text in it that came after a message.

    It listens for a while before it says no.
    """
    listen = (
        f"exec 3< <(timeout 20 {ADMIN} --no-buffer http://localhost/messages/stream); trap 'kill $!' EXIT"
    )
    written = json.dumps(text, ensure_ascii=False)
    select = f".inbox[] | select(.id > {after} and (.body | contains({written})))"
    look = f"{SNAPSHOT} | jq --exit-status {shlex.quote(select)}"
    pattern = f"""*'"recipient":"operator"'*{shlex.quote(written[1:-1])}*"""
    hear = f"while read -r line <&3; do [[ $line != {pattern} ]] || exit 0; done; exit 1"
    # What comes while it looks is heard: the stream's first line is there.
    return f"{listen}; read -r line <&3; {look} || {{ {hear}; }}"


def in_state(agent: str, state: str) -> str:
    """Shell line that ends with 0 when the agent is in the state."""
    condition = f'.agents[] | select(.name == "{agent}").status.state == "{state}"'
    return f"{SNAPSHOT} | jq --exit-status '{condition}'"


def uid_base(agent: str) -> int:
    """First uid of the agent's range on the host."""
    digest = hashlib.sha256(agent.encode()).hexdigest()
    return 0x70000000 + 65536 * (int(digest[:12], 16) % 3584)


def inside(agent: str, command: str) -> str:
    """Shell line that runs a command as root of the agent's container, and ends with 255 when that goes.

    The container's own systemd has started the shell that runs it: it has the capabilities, system calls and
    limits that a process there can have at most. What nsenter starts keeps capabilities that nspawn takes
    away, and has no limits.
    """
    return f"bash /run/inside h-{agent} {shlex.quote(command)}"


def alone(agent: str, command: str) -> str:
    """The same in a unit of its own, of which nothing stays; it ends with 0 when the container goes."""
    run = f"systemd-run --machine=h-{agent} --quiet --pipe --wait --collect"
    return f"{run} /bin/sh -lc {shlex.quote(command)} < /dev/null"


def python(program: str) -> str:
    """Shell line that runs a Python program."""
    return f"python3 -c {shlex.quote(program)}"


def tried(agent: str, *commands: str) -> str:
    """Shell line that tries commands in the agent's container, and writes what each said, a line each.

    The line begins with `worked: ` or `failed: `.
    """
    attempt = "if said=$(exec 2>&1; {}); then echo worked: $said; else echo failed: $said; fi"
    return inside(agent, "\n".join(("set -f", *(attempt.format(command) for command in commands))))
