"""`python -m tests.nixos.golden`: writes the expected renderings of hives and the page of options."""

import sys
from concurrent.futures import ThreadPoolExecutor

from tests.nixos import debian, expected, nix, option_page


def main() -> int:
    """Write what the modules render now; 1 when nothing can be evaluated."""
    reason = nix.lacking()
    if reason is not None:
        sys.stderr.write(f"make golden: {reason}\n")
        return 1
    names = [*expected.names(), *expected.tests()]
    try:
        with ThreadPoolExecutor(2) as pool:
            page = pool.submit(lambda: option_page.render(option_page.declared()))
            hives = dict(zip(names, pool.map(expected.rendered, names), strict=True))
            option_page.PAGE.write_text(page.result(), encoding="utf-8")
    except nix.EvaluationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for stale in {*expected.EXPECTED.iterdir()} - {expected.file(name) for name in names}:
        stale.unlink()
    for name, files in hives.items():
        expected.file(name).write_text(debian.load("rendering").dump(files), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
