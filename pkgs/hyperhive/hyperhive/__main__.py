"""`python -m hyperhive`."""

import sys

from hyperhive.cli import main

if __name__ == "__main__":
    sys.exit(main())
