"""Documents of facilities: manuals, drawings, acceptance papers, as files with a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from core.cases import Actor

MOST_DOCUMENTS: Final = 30
"""Of one facility, those that were removed not counted."""
MOST_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
MOST_NAME: Final = 120
ENDINGS: Final[Mapping[str, str]] = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
"""What may be kept, by media type, with how the name of its file ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """Who took a document away, when and why."""

    at_ms: int
    actor: str
    person: int | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A document of a facility.

    Attributes:
        name: as people wrote it; text and nothing else, never part of a path.
        media_type: one of ``ENDINGS``, told from its bytes.
        size: bytes, as kept; sha256: of them.
        at_ms, actor, person: when and by whom it was added.
        removed: ``None`` as long as it is there; its bytes are gone afterwards.
    """

    number: int
    facility: int
    name: str
    media_type: str
    size: int
    sha256: str
    at_ms: int
    actor: str
    person: int | None
    removed: Removal | None = None


class Documents(Protocol):
    """Documents of facilities. Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def of_facility(self, facility: int) -> Sequence[Document]:
        """All there ever were, the newest first."""
        ...

    def add(self, facility: int, name: str, data: bytes, actor: Actor, now_ms: int) -> Document:
        """Add one; the same bytes once more answer as the first time, whatever the name.

        Raises:
            core.errors.Invalid: if the name is none, the file of no kind that is kept, damaged, too large, one too
                many, or there is no more room.
            core.errors.Unavailable: if it cannot be written now.
        """
        ...

    def document(self, facility: int, number: int) -> tuple[Document, bytes] | None:
        """One with its bytes; ``None`` if the facility has no such, or has it no more.

        Raises:
            core.errors.Unavailable: if it cannot be read now.
        """
        ...

    def remove(self, facility: int, number: int, reason: str, actor: Actor, now_ms: int) -> Document:
        """Take one away for good; that it was there stays known. Once more: as the first time.

        Raises:
            core.cases.UnknownItem: if the facility never had it.
            core.errors.Invalid: without a reason.
        """
        ...
