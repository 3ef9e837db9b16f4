"""Import of a file into the registry in steps: it is read and compared, shown, and then exactly that is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.places import Text


class ImportState(StrEnum):
    """How far an import is."""

    READING = "reading"
    """It is read, checked and compared."""
    REFUSED = "refused"
    """Something in it is wrong; all of that is told, nothing is written."""
    SHOWN = "shown"
    """Its differences are there; nothing is written."""
    APPLYING = "applying"
    APPLIED = "applied"
    OVERTAKEN = "overtaken"
    """The registry changed after the differences were shown; nothing was written."""
    FAILED = "failed"
    """It could not be carried through; ``problem`` says why, nothing was written."""


NO_TEXT = Text(zh="", en="")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportFinding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        kind: of record; empty: the file itself.
        row, column: from 1, 0 where unknown; ``letter`` is the column as spreadsheets name it.
        code: of the record, where it stands in the registry and not in the file.
    """

    kind: str
    row: int
    column: int
    letter: str
    code: str
    number: str
    what: Text
    fix: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportChange:
    """One record that would come, change or end: the fields that become others, with names people know."""

    kind: str
    code: str
    change: str
    fields: Sequence[tuple[Text, str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportJob:
    """An import as it stands.

    Attributes:
        token: stands for exactly the differences that were shown; empty before.
        counts: kind of record to how many would be added, changed, retired.
        kinds: kinds of record that the file holds; all others stay as they are.
    """

    number: str
    name: str
    state: ImportState
    started_ms: int
    token: str = ""
    kinds: Sequence[str] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    findings: Sequence[ImportFinding] = ()
    notices: Sequence[ImportFinding] = ()
    problem: Text = NO_TEXT


class RegistryImports(Protocol):
    """Imports and exports by people at the pages; each belongs to who started it."""

    def start(self, name: str, data: bytes, owner: str, day: str, now_ms: int) -> ImportJob:
        """Begin to read a file.

        Raises:
            Refused: if too many are at work.
        """
        ...

    def job(self, number: str, owner: str) -> ImportJob | None:
        """How far it is."""
        ...

    def changes(self, number: str, owner: str, kind: str, offset: int, limit: int) -> Sequence[ImportChange]:
        """What it would do, of one kind of record or all, in the order of the files."""
        ...

    def apply(self, number: str, owner: str, token: str) -> ImportJob | None:
        """Apply exactly what was shown under ``token``; ``None`` if there is no such import.

        Raises:
            Refused: if nothing is shown, or something else is.
        """
        ...

    def export(self, form: str, language: str) -> Path:
        """A file with the whole registry, as ``xlsx``, ``geojson`` (the cells) or ``zip`` (CSV); the caller removes it.

        Raises:
            Refused: if too many are at work.
            Unavailable: if it could not be made.
        """
        ...
