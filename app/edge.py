"""``python -m app.edge``: a gateway without the command line around it, for boxes where every megabyte counts."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app import process, wiring_gateway
from gateway.event_loop import new_event_loop
from gateway.service import Guest


def run(config: Path, level: str, guest: Guest | None = None) -> int:
    """Run the gateway of a configuration file, with a guest on its buses if there is one; its exit code."""
    body = functools.partial(wiring_gateway.run, config, guest=guest)
    return process.run("gateway", body, level=level, loop=new_event_loop)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="twingrid gateway")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    options = parser.parse_args(arguments)
    os.umask(process.OWNER_ONLY)
    return run(options.config, options.log_level)


if __name__ == "__main__":
    sys.exit(main())
