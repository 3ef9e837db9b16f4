"""Becomes another program that cannot outlive its parent: ``python -I -S app/launch.py PARENT_PID program arguments…``.

Linux sends the signal of ``PR_SET_PDEATHSIG`` when the parent ends for whatever reason, SIGKILL included, and keeps the
setting over ``exec``. Setting it in a fresh interpreter, not between ``fork`` and ``exec`` of a threaded program, is
what makes it safe. This file is started by its path, in an isolated interpreter: it imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Bind to the parent, then become the program; returns only if that fails."""
    parent, program = int(arguments[0]), arguments[1]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask to be told
        return 1
    try:
        os.execvp(program, arguments[1:])
    except OSError as error:
        sys.stderr.write(f"cannot start {program}: {error.strerror}\n")
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
