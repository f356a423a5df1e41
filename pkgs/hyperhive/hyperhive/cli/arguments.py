"""Arguments that several commands share."""

import argparse


def add_socket(parser: argparse.ArgumentParser) -> None:
    """The option of every command that calls a running broker."""
    parser.add_argument(
        "--socket",
        metavar="PATH",
        help="the broker's admin socket (default: $HYPERHIVE_SOCKET, ./.hyperhive/run/admin.sock, "
        "/run/hyperhive/admin.sock)",
    )


def add_rendered_config(parser: argparse.ArgumentParser, name: str) -> None:
    """The rendered configuration file of a daemon."""
    parser.add_argument("--config", metavar="FILE", required=True, help=f"the rendered {name}")
