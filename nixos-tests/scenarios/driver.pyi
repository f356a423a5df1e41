"""What a scenario may use beside the standard library: the names that a test driver puts into it.

NixOS's driver has more; another driver that plays the same files has exactly this, of which lib/looks.py is
a part. The machine has the hive
of vm/NAME.nix with the units that NixOS gives it, the scripted model with NAME.toml, and in root's PATH
hyperhive, bash, curl, grep, ip, jq, pgrep, systemd's programs and util-linux's. A container has bash, curl,
find, grep, ip, the core utilities, systemd's programs and util-linux's, and Python where its agent asks for
that package.
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
#: Shell line that writes the hive's state as JSON, and one for the texts of the operator's inbox.
SNAPSHOT: str
INBOX: str

def mail(agent: str, text: str) -> str:
    """Shell line that sends a message as the operator, and writes its id."""

def inbox_after(message: str) -> str:
    """Shell line that writes the texts of the operator's mail that came after a message."""

def in_state(agent: str, state: str) -> str:
    """Shell line that ends with 0 when the agent is in the state."""

def subtest(name: str) -> AbstractContextManager[None]:
    """Name what is shown within."""
