"""Who sits at the command line."""

from __future__ import annotations

import getpass


def operator() -> str:
    """As audit and history name them: ``cli:`` and the user of the machine, where it knows one."""
    try:
        return f"cli:{getpass.getuser()}"[:64]
    except (OSError, KeyError):
        return "cli"
