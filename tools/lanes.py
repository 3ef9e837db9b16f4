"""Runs two parts of the suite side by side: `tools/lanes.py FOLDER… -- FOLDER…`.

What is before the dashes prints as it goes; what is behind them runs beside it, into a file that is printed at the
end, so that neither's lines stand between the other's. Ends with the first status that is not 0.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO

PYTEST = (sys.executable, "-m", "pytest")
# one cache cannot have two writers
WITHOUT_CACHE = ("-p", "no:cacheprovider")


def side_by_side(first: Sequence[str], beside: Sequence[str], kept: IO[bytes]) -> int:
    """Runs both commands; what `beside` prints goes to `kept`. The first status that is not 0, if any.

    An interrupt of the terminal reaches both by themselves; here it is only waited until they have cleaned up.
    """
    with (
        subprocess.Popen(beside, stdin=subprocess.DEVNULL, stdout=kept, stderr=subprocess.STDOUT) as other,
        subprocess.Popen(first, stdin=subprocess.DEVNULL) as one,
    ):
        try:
            return one.wait() or other.wait()
        finally:
            one.wait()
            other.wait()


def main(arguments: Sequence[str]) -> int:
    """The command."""
    if "--" not in arguments or arguments[-1] == "--" or arguments[0] == "--":
        print("usage: tools/lanes.py FOLDER… -- FOLDER…", file=sys.stderr)
        return 2
    middle = list(arguments).index("--")
    first, beside = arguments[:middle], arguments[middle + 1 :]
    print(f"[test] pytest: {' '.join(first)} (beside it, printed behind it: {' '.join(beside)})", flush=True)
    with tempfile.TemporaryFile() as kept:
        try:
            status = side_by_side((*PYTEST, *first), (*PYTEST, *WITHOUT_CACHE, *beside), kept)
        except KeyboardInterrupt:
            status = 130
        print(f"[test] pytest: {' '.join(beside)}", flush=True)
        kept.seek(0)
        shutil.copyfileobj(kept, sys.stdout.buffer)
        sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
