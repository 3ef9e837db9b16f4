"""A PostgreSQL of its own for a test or a bench: fresh, on a free port, gone with the block."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path


def lacking() -> str:
    """What is not installed; empty: everything is there."""
    if _folder() is None:
        return "PostgreSQL is not installed: initdb is nowhere to be found"
    if find_spec("psycopg") is None:
        return "the driver of PostgreSQL is not installed: pip install twingrid[postgres]"
    return ""


@contextmanager
def postgres(settings: Sequence[str] = ()) -> Iterator[str]:
    """The address of a fresh PostgreSQL, which ends with the block.

    Args:
        settings: of the server, as ``name=value``.

    Raises:
        ValueError: if it is not installed.
        subprocess.SubprocessError: if it does not start or end.
    """
    programs = _folder()
    if programs is None:
        raise ValueError(lacking())
    account = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="twingrid-postgres-") as folder:
        if account:
            shutil.chown(folder, account)
        data, port = f"{folder}/data", _free_port()

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", data, *arguments]
            subprocess.run(command, user=account, check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=120)

        run("initdb", "-A", "trust", "-U", "bench", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        options += "".join(f" -c {setting}" for setting in settings)
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-m", "fast", "stop")


def _folder() -> Path | None:
    """Where its programs are: on the path, or the newest of a Debian."""
    named = shutil.which("initdb")
    if named:
        return Path(named).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[-3]))
    return found[-1].parent if found else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
