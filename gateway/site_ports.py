"""Serial ports of this machine that a bus may hang on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from serial.tools import list_ports

_BY_ID: Final = Path("/dev/serial/by-id")


def serial_ports() -> list[str]:
    """Paths, those first that stay the same when adapters are plugged in another order."""
    lasting = sorted(str(path) for path in _BY_ID.iterdir()) if _BY_ID.is_dir() else []
    known = {str(Path(path).resolve()) for path in lasting}
    others = sorted(port.device for port in list_ports.comports() if str(Path(port.device).resolve()) not in known)
    return lasting + others
