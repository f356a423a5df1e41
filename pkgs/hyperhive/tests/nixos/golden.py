"""`python -m tests.nixos.golden`: writes the expected files of hives and VM tests and the page of options."""

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.nixos import expected, nix, option_page


def main() -> int:
    """Write what the modules render now; 1 when nothing can be evaluated."""
    reason = nix.lacking()
    if reason is not None:
        sys.stderr.write(f"make golden: {reason}\n")
        return 1
    names = [*expected.names(), *expected.machines()]
    try:
        with ThreadPoolExecutor(2) as pool:
            page = pool.submit(lambda: option_page.render(option_page.declared()))
            hives = dict(zip(names, pool.map(expected.rendered, names), strict=True))
            option_page.PAGE.write_text(page.result(), encoding="utf-8")
    except nix.EvaluationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for gone in {path.name for path in expected.EXPECTED.glob("*")} - {*names}:
        expected.write(gone, {})
    for name, files in hives.items():
        expected.write(name, files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
