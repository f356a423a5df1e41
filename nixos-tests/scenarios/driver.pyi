"""What a scenario may use beside the standard library: the names that a test driver puts into it.

NixOS's driver has more; another driver that plays the same files has exactly this, of which lib/looks.py is
a part. The machine has the hive of vm/NAME.nix with the units that NixOS gives it, the scripted model with
NAME.toml, and in root's PATH hyperhive, bash, curl, grep, ip, jq, pgrep, socat, systemd's programs and
util-linux's. A container has bash, curl, find, grep, ip, the core utilities, systemd's programs and
util-linux's, and Python where its agent asks for that package.
"""

from contextlib import AbstractContextManager

class Machine:
    """The machine under test, on which every command runs as root."""

    def succeed(self, command: str) -> str:
        """Standard output of a shell command that must end with 0."""

    def fail(self, command: str) -> str:
        """Standard output of a shell command that must not end with 0."""

    def execute(self, command: str) -> tuple[int, str]:
        """Exit code and standard output of a shell command."""

    def wait_until_succeeds(self, command: str) -> str:
        """Standard output of a shell command, repeated until it ends with 0."""

    def wait_for_unit(self, unit: str) -> None:
        """Until the unit is active."""

    def wait_for_open_port(self, port: int) -> None:
        """Until something listens on this port of loopback."""

    def copy_from_host(self, source: str, target: str) -> None:
        """Copy a file of the driver's side to the machine."""

    def shutdown(self) -> None:
        """Power the machine off in order."""

    def crash(self) -> None:
        """Cut the machine's power."""

    def start(self) -> None:
        """Switch the machine on with the disk as it was left."""

machine: Machine

#: Calls the operator's routes: options and a URL of http://localhost come behind it.
ADMIN: str
#: Shell line that writes the hive's state as JSON.
SNAPSHOT: str
#: Shell line that writes the id of the newest message: others may have been played with this hive before.
NEWEST: str
#: Shell line that is to run before any of `inside`.
ENTER: str

def mail(agent: str, text: str) -> str:
    """Shell line that sends a message as the operator, and writes its id."""

def about(message: int, expression: str) -> str:
    """Shell line that writes what jq says of a message; it ends with 0 unless that is false or null."""

def reported(text: str, after: int) -> str:
    """Shell line that waits a while for mail to the operator with the text, newer than the message."""

def in_state(agent: str, state: str) -> str:
    """Shell line that ends with 0 when the agent is in the state."""

def uid_base(agent: str) -> int:
    """First uid of the agent's range on the host."""

def inside(agent: str, command: str) -> str:
    """Shell line that runs a command as root of the agent's container, with the rights of a process there."""

def alone(agent: str, command: str) -> str:
    """The same in a unit of its own, which is killed when the command has ended."""

def python(program: str) -> str:
    """Shell line that runs a Python program."""

def tried(agent: str, *commands: str) -> str:
    """Shell line that tries commands in the container; for each comes a line, `worked: …` or `failed: …`."""

def subtest(name: str) -> AbstractContextManager[None]:
    """Name what is shown within."""
