"""The part of a gateway's file that names the signed record of a bus: ``record: records/plant-room-as-built.json``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import Refused
from gateway import as_built, findings
from gateway.document import Table


def record(table: Table, path: Callable[[str], Path]) -> Path | None:
    """Where the record of a bus is; a finding if it is none, or its signature does not hold. ``path`` resolves it."""
    text = table.text("record", "")
    if not text:
        return None
    found = path(text)
    try:
        as_built.load(found)
    except Refused as error:
        table.note("record", findings.NO_RECORD, problem=error.args[0])
    return found
