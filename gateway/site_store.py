"""The folder of a commissioning session: state, photos and signed records, each written as a whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from core.errors import Refused, Unavailable
from core.whole_file import write_whole
from gateway import site_findings as say
from gateway.site_survey.state import SessionState, from_json, to_json

STATE_FILE: Final = "session.json"
PHOTO_FOLDER: Final = "photos"
MOST_PHOTO_BYTES: Final = 20_000_000
_SET_ASIDE: Final = ".until-"


class SiteStore:
    """Files of one session."""

    def __init__(self, folder: Path) -> None:
        """Take a folder; it is made when something is written."""
        self.folder = folder

    def load(self) -> SessionState | None:
        """The state as it was last written; None if there is none.

        Raises:
            Refused: if the file is none of ours.
        """
        path = self.folder / STATE_FILE
        try:
            return from_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise Refused(say.UNREADABLE(file=path, why=error)) from None

    def save(self, state: SessionState) -> None:
        """Write the state.

        Raises:
            Unavailable: if that fails.
        """
        self.write(STATE_FILE, to_json(state))

    def write(self, name: str, data: bytes, mode: int = 0o644) -> Path:
        """Write a file so that it is there whole, or as it was before, whatever happens.

        Raises:
            Unavailable: if that fails.
        """
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data, mode)
        except OSError as error:
            raise Unavailable(say.UNWRITABLE(file=path, why=error.strerror or error)) from None
        return path

    def keep_photo(self, unit: int, photo: Path) -> tuple[str, str]:
        """Copy a photo in.

        Returns:
            Its name here (``7-0f3a….jpg``) and its SHA-256.

        Raises:
            Refused: if it cannot be read, is empty or too large.
            Unavailable: if it cannot be written.
        """
        try:
            if photo.stat().st_size > MOST_PHOTO_BYTES:
                raise Refused(say.BAD_PHOTO(file=photo.name, why=say.TOO_LARGE))
            data = photo.read_bytes()
        except OSError as error:
            raise Refused(say.BAD_PHOTO(file=photo.name, why=error.strerror or error)) from None
        if not data:
            raise Refused(say.BAD_PHOTO(file=photo.name, why=say.EMPTY))
        digest = hashlib.sha256(data).hexdigest()
        name = f"{unit}-{digest[:12]}{photo.suffix.lower()}"
        self.write(f"{PHOTO_FOLDER}/{name}", data)
        return name, digest

    def set_aside(self, pattern: str, tag: str) -> None:
        """Rename files of this pattern (``record*.*``) so that new ones do not replace them; those renamed stay.

        Raises:
            Unavailable: if that fails.
        """
        for path in self.folder.glob(pattern):
            if _SET_ASIDE not in path.name:
                try:
                    path.rename(path.with_name(f"{path.stem}{_SET_ASIDE}{tag}{path.suffix}"))
                except OSError as error:
                    raise Unavailable(say.UNWRITABLE(file=path, why=error.strerror or error)) from None
