"""The rule files of an installation as people edit them: read, changed whole or not at all, by one hand at a time.

Until the first edit an installation without a folder of its own goes by the rules that came with Twingrid; the first
edit copies them, so that nothing else changes under it. A lock on the folder keeps two processes apart.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app import rule_edit_findings as kinds
from app.settings import Settings
from app.wiring import rule_sources
from core.errors import Refused
from core.foreign import system_problem
from core.whole_file import write_whole
from rules.editing.blocks import Block, blocks

_MODE = 0o644
_PATIENCE_S = 20.0
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule in a file."""

    file: str
    block: Block
    text: str

    @property
    def version(self) -> str:
        """Of its text."""
        return version_of(self.text)


def version_of(text: str) -> str:
    """The same for two texts that are equal, byte for byte."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


class Shelf:
    """The rule files of one installation."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is read yet."""
        self._settings = settings

    @property
    def is_own(self) -> bool:
        """Whether the installation has rule files of its own."""
        return self._settings.rule_folder is not None

    def sources(self) -> Mapping[str, str]:
        """File name, without its folder, to text.

        Raises:
            Invalid: if the folder cannot be read.
        """
        return {Path(file).name: text for file, text in rule_sources(self._settings.rule_folder).items()}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the files, also among processes.

        Raises:
            Refused: if somebody else holds them for too long, or the lock cannot be made.
        """
        file = self._settings.data_dir / "rules" / ".edit"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            deadline_s = time.monotonic() + _PATIENCE_S
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline_s:
                        raise Refused(kinds.FOLDER_BUSY()) from None
                    time.sleep(_LOOK_EVERY_S)
            yield
        finally:
            os.close(handle)

    def write(self, file: str, text: str) -> None:
        """Put a text in the place of a file; the first time, the rules that came with Twingrid come beside it.

        Raises:
            Refused: if that fails; the file is as it was.
        """
        folder = self._settings.rule_folder
        try:
            if folder is None:
                folder = self._copied()
            write_whole(folder / file, text.encode(), _MODE)
        except OSError as error:
            raise self._not_writable(error) from error

    def remove(self, file: str) -> None:
        """Take a file away, if it is there.

        Raises:
            Refused: if that fails.
        """
        try:
            ((self._settings.rule_folder or self._settings.own_rules) / file).unlink(missing_ok=True)
        except OSError as error:
            raise self._not_writable(error) from error

    def _copied(self) -> Path:
        """Our own folder with the rules that came with Twingrid, whole or not there."""
        folder = self._settings.own_rules
        draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        draft.mkdir(parents=True)
        try:
            for name, text in rule_sources(None).items():
                write_whole(draft / name, text.encode(), _MODE)
            draft.rename(folder)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return folder

    def _not_writable(self, error: OSError) -> Refused:
        folder = self._settings.rule_folder or self._settings.own_rules
        return Refused(kinds.FOLDER_NOT_WRITABLE(folder=folder, problem=system_problem(error)))


def standings(sources: Mapping[str, str]) -> Iterator[Standing]:
    """Every rule of every file, where it can be told apart."""
    for file, text in sources.items():
        for block in blocks(text):
            yield Standing(file, block, block.text(text))


def standing(sources: Mapping[str, str], rule_id: str) -> Standing | None:
    """One rule."""
    return next((one for one in standings(sources) if one.block.rule_id == rule_id), None)
