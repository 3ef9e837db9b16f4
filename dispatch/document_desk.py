"""Documents of facilities: ``core.ports.documents.Documents`` over SQL; their bytes lie beside those of photos."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from core.cases import Actor, UnknownItem
from core.errors import Invalid
from core.ports.documents import MOST_DOCUMENTS, Document, Removal
from dispatch import document_findings as kinds
from dispatch.database import reading, writing
from dispatch.document_tables import document
from dispatch.documents import document_of, name_of
from dispatch.photo_folder import MOST_BYTES, PhotoFolder

MOST_REASON: Final = 500


class SqlDocuments:
    """Keeps and gives documents; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Keep at most ``most_bytes``, with the photos, under ``folder``, which is theirs too."""
        self._engine = engine
        # A folder of their own: a document goes when it is removed, a photo of the same bytes never does.
        self._folder = PhotoFolder(folder / "documents", most_bytes)

    def of_facility(self, facility: int) -> Sequence[Document]:
        """All there ever were, the newest first."""
        query = sa.select(document).where(document.c.facility == facility).order_by(document.c.number.desc())
        with reading(self._engine) as connection:
            return [_document(row) for row in connection.execute(query)]

    def add(self, facility: int, name: str, data: bytes, actor: Actor, now_ms: int) -> Document:
        """Add one; the same bytes once more answer as the first time, whatever the name.

        Raises:
            Invalid: if the name is none, the file of no kind that is kept, damaged, too large, one too many, or there
                is no more room.
            Unavailable: if it cannot be written now.
        """
        name = name_of(name)
        media_type, kept = document_of(data)
        digest = hashlib.sha256(kept).hexdigest()
        with reading(self._engine) as connection:
            known = self._room(connection, facility, digest, len(kept))
        if known is not None:
            return known
        self._folder.write(digest, media_type, kept)
        with writing(self._engine) as connection:
            known = self._room(connection, facility, digest, len(kept))
            if known is not None:
                return known
            # It may have been removed elsewhere since; nobody removes while this transaction lasts.
            self._folder.write(digest, media_type, kept)
            values = {
                "facility": facility,
                "name": name,
                "sha256": digest,
                "media_type": media_type,
                "size": len(kept),
                "at_ms": now_ms,
                "actor": actor.login,
                "person": actor.person,
            }
            return _document(connection.execute(sa.insert(document).values(**values).returning(document)).one())

    def document(self, facility: int, number: int) -> tuple[Document, bytes] | None:
        """One with its bytes; ``None`` if the facility has no such, or has it no more.

        Raises:
            Unavailable: if it cannot be read now.
        """
        with reading(self._engine) as connection:
            row = connection.execute(_one(facility, number)).one_or_none()
        if row is None or row.removed_ms is not None:
            return None
        return _document(row), self._folder.read(row.sha256, row.media_type)

    def remove(self, facility: int, number: int, reason: str, actor: Actor, now_ms: int) -> Document:
        """Take one away for good; that it was there stays known. Once more: as the first time.

        Raises:
            UnknownItem: if the facility never had it.
            Invalid: without a reason.
        """
        if not 1 <= len(reason.strip()) <= MOST_REASON:
            raise Invalid([kinds.DOCUMENT_REASON.at(most=MOST_REASON)])
        with writing(self._engine) as connection:
            row = connection.execute(_one(facility, number)).one_or_none()
            if row is None:
                raise UnknownItem(kinds.NO_DOCUMENT(number=number))
            if row.removed_ms is None:
                values = {
                    "removed_ms": now_ms,
                    "removed_by": actor.login,
                    "removed_person": actor.person,
                    "removed_why": reason.strip(),
                }
                change = sa.update(document).where(document.c.number == number).values(**values)
                row = connection.execute(change.returning(document)).one()
        self._drop(row.sha256, row.media_type)
        return _document(row)

    def _drop(self, digest: str, media_type: str) -> None:
        """Remove a file that no document names any more; a file left behind does no harm, a missing one would."""
        named = sa.select(document.c.number).where(document.c.sha256 == digest, document.c.removed_ms.is_(None))
        with writing(self._engine) as connection:
            if connection.execute(named.limit(1)).one_or_none() is None:
                self._folder.drop(digest, media_type)

    def _room(self, connection: sa.Connection, facility: int, digest: str, size: int) -> Document | None:
        """The document, if it is there already; else nothing, if there is room for it."""
        there = sa.select(document).where(document.c.facility == facility, document.c.removed_ms.is_(None))
        rows = connection.execute(there).all()
        for row in rows:
            if row.sha256 == digest:
                return _document(row)
        if len(rows) >= MOST_DOCUMENTS:
            raise Invalid([kinds.DOCUMENT_MANY.at(most=MOST_DOCUMENTS)])
        full = self._folder.full(connection, size)
        if full is not None:
            raise Invalid([kinds.DOCUMENT_ROOM.at(used_mb=full[0], most_mb=full[1])])
        return None


def _one(facility: int, number: int) -> sa.Select[Any]:
    return sa.select(document).where(document.c.facility == facility, document.c.number == number)


def _document(row: Any) -> Document:
    removed = None
    if row.removed_ms is not None:
        removed = Removal(at_ms=row.removed_ms, actor=row.removed_by, person=row.removed_person, reason=row.removed_why)
    return Document(
        number=row.number,
        facility=row.facility,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        at_ms=row.at_ms,
        actor=row.actor,
        person=row.person,
        removed=removed,
    )
