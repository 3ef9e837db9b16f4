"""Whether the registry folder of the settings has become another since it was last imported."""

from __future__ import annotations

import hashlib
from pathlib import Path

from app.settings import Settings
from core.whole_file import write_whole

_MODE = 0o600


def digest(folder: Path) -> str:
    """Stands for the files of a folder, or for a workbook, by name and content; empty where they cannot be read."""
    found = hashlib.sha256()
    try:
        files = [folder] if folder.is_file() else sorted(path for path in folder.iterdir() if path.is_file())
        for path in files:
            found.update(hashlib.sha256(path.name.encode()).digest())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    except OSError:
        return ""
    return found.hexdigest()


def last_imported(settings: Settings) -> str:
    """The digest of what was imported last; empty where nothing was."""
    try:
        return _file(settings).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def remember(settings: Settings, imported: str) -> None:
    """Keep the digest of what has just been imported.

    Raises:
        OSError: if it cannot be written; the next start imports again.
    """
    write_whole(_file(settings), f"{imported}\n".encode(), _MODE)


def _file(settings: Settings) -> Path:
    return settings.data_dir / "registry.imported"
