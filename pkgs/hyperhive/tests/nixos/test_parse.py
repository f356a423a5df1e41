"""Every Nix file of the repository is one."""

from tests import test_architecture
from tests.nixos import nix

nix.need_nix()


def test_every_nix_file_parses() -> None:
    files = [str(path) for path in test_architecture.sources(".nix")]
    assert len(files) > 10
    nix.instantiate("--parse", *files)
