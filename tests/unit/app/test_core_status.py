"""What the core tells about itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core_status import CoreStatus, CoreWatch, read_status, write_status
from core.clock import ManualClock
from core.errors import Unavailable


def _status(**changes: object) -> CoreStatus:
    values: dict[str, object] = {
        "at_ms": 1_000_000,
        "broker": True,
        "waiting_bytes": 0,
        "waiting_readings": 0,
        "journal_waits": False,
        "counts": {"readings": 5, "clone_chunks": 1},
    }
    return CoreStatus(**{**values, **changes})  # type: ignore[arg-type]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The file holds the whole status, and no draft is left."""
    file = tmp_path / "run" / "core.json"
    write_status(file, _status())
    assert read_status(file) == _status()
    assert [path.name for path in file.parent.iterdir()] == ["core.json"]


def test_parts_follow_the_status(tmp_path: Path) -> None:
    """A lost broker and a waiting journal are seen."""
    file = tmp_path / "core.json"
    write_status(file, _status(broker=False, journal_waits=True, waiting_readings=2_000_000))
    parts = {part.name: part.status for part in CoreWatch(file, ManualClock(1_000_500)).parts()}
    assert parts == {"broker": "down", "ingest": "ok", "rules": "degraded", "dispatch": "degraded"}


def test_breaches_of_promises_are_counted(tmp_path: Path) -> None:
    """A clone breaks INV-2."""
    file = tmp_path / "core.json"
    write_status(file, _status())
    breaches = {one.id: one.breaches for one in CoreWatch(file, ManualClock(1_000_500)).promises()}
    assert breaches == {"INV-1": 0, "INV-2": 1}


@pytest.mark.parametrize("content", [None, "", "{", '{"at_ms": 1}', "[1]"])
def test_a_silent_or_damaged_core_is_unavailable(tmp_path: Path, content: str | None) -> None:
    """No file, half a file or another file: the core has not said how it is."""
    file = tmp_path / "core.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Unavailable):
        read_status(file)


def test_an_old_status_is_silence(tmp_path: Path) -> None:
    """After 10 s without a word the core counts as silent."""
    file = tmp_path / "core.json"
    write_status(file, _status())
    with pytest.raises(Unavailable, match="silent"):
        CoreWatch(file, ManualClock(1_010_001)).parts()
