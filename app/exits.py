"""Exit codes of the command line and of the processes, by ``sysexits.h``."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command answers to its caller."""

    OK = 0
    FINDING = 1
    """It ran, and something is wrong."""
    USAGE = 2
    UNAVAILABLE = 69
    """Something it needs does not answer or is in use; try again later."""
    SOFTWARE = 70
    CONFIG = 78
    """Settings or configuration files are wrong."""
