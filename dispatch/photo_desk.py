"""Photos of intakes: rows in the database, bytes in the folder of photos."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from core.cases import Actor, UnknownItem
from core.errors import Invalid
from core.ports.intake import Photo
from dispatch import intake_findings as kinds
from dispatch.database import reading, writing
from dispatch.flag_queries import seen
from dispatch.intake_tables import intake, photo
from dispatch.photo_folder import MOST_BYTES, MOST_PHOTOS, PhotoFolder
from dispatch.photos import picture_of
from dispatch.worktime import HOUR_MS

_WITHIN_MS: Final = 24 * HOUR_MS


class SqlPhotos:
    """Keeps and gives photos; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Keep at most ``most_bytes`` under ``folder``, which is made when the first photo comes."""
        self._engine = engine
        self._folder = PhotoFolder(folder, most_bytes)

    def awaits(self, number: int, key: str, actor: Actor, now_ms: int) -> None:
        """Nothing, if the same actor handed the intake in with this key within the last day.

        Raises:
            UnknownItem: if not.
        """
        with reading(self._engine) as connection:
            _check_mine(connection, number, key, actor, now_ms)

    def attach(self, number: int, key: str, actor: Actor, data: bytes, now_ms: int) -> Photo:
        """Add a photo to an intake that the same actor handed in with this key within the last day.

        The key is the proof: it was made by whoever handed it in, and nobody else is ever told it. The same photo again
        answers as the first time.

        Raises:
            UnknownItem: if there is no such intake, or it is somebody else's or too old.
            Invalid: if it is no photo, too large, one too many, or there is no more room.
            Unavailable: if it cannot be written now.
        """
        picture = picture_of(data)
        digest = hashlib.sha256(picture.data).hexdigest()
        with reading(self._engine) as connection:
            known = self._room(connection, number, key, actor, digest, len(picture.data), now_ms)
        if known is not None:
            return known
        self._folder.write(digest, picture.media_type, picture.data)
        with writing(self._engine) as connection:
            known = self._room(connection, number, key, actor, digest, len(picture.data), now_ms)
            if known is not None:
                return known
            mine = photo.c.intake == number
            position = connection.execute(sa.select(sa.func.count()).select_from(photo).where(mine)).scalar_one()
            found = Photo(position=position, sha256=digest, media_type=picture.media_type, size=len(picture.data))
            values = {name: getattr(found, name) for name in ("position", "sha256", "media_type", "size")}
            connection.execute(sa.insert(photo).values(intake=number, at_ms=now_ms, **values))
        return found

    def photo(self, number: int, position: int, communities: frozenset[int] | None = None) -> tuple[str, bytes] | None:
        """Media type and bytes of a photo; ``None`` if there is none that these communities show.

        Raises:
            Unavailable: if it cannot be read now.
        """
        query = (
            sa.select(photo)
            .join(intake, intake.c.number == photo.c.intake)
            .where(photo.c.intake == number, photo.c.position == position, seen(intake.c.community, communities))
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.media_type, self._folder.read(row.sha256, row.media_type))

    # --- inside -------------------------------------------------------------------------------------------------

    def _room(
        self, connection: sa.Connection, number: int, key: str, actor: Actor, digest: str, size: int, now_ms: int
    ) -> Photo | None:
        """The photo, if it is there already; else nothing, if there is room for it."""
        _check_mine(connection, number, key, actor, now_ms)
        rows = connection.execute(sa.select(photo).where(photo.c.intake == number)).all()
        for row in rows:
            if row.sha256 == digest:
                return _photo(row)
        if len(rows) >= MOST_PHOTOS:
            raise Invalid([kinds.PHOTO_MANY.at(most=MOST_PHOTOS)])
        self._folder.check_room(connection, size)
        return None


def _photo(row: Any) -> Photo:
    return Photo(position=row.position, sha256=row.sha256, media_type=row.media_type, size=row.size)


def _check_mine(connection: sa.Connection, number: int, key: str, actor: Actor, now_ms: int) -> None:
    mine = (intake.c.number == number, intake.c.actor == actor.login, intake.c.key == key)
    lately = intake.c.at_ms > now_ms - _WITHIN_MS
    if connection.execute(sa.select(intake.c.number).where(*mine, lately)).one_or_none() is None:
        raise UnknownItem(kinds.NO_INTAKE(number=number))
