"""Photos of tasks: ``core.ports.task_photos.TaskPhotos`` over SQL; their bytes lie where those of reports do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from core.cases import Action, Actor, Conflict, NotPermitted, TaskKind, TaskState, UnknownItem
from core.closure import PhotoKind
from core.errors import Invalid
from core.ports.feed import FeedKind
from core.ports.task_photos import CasePhotos, TaskPhoto
from dispatch import findings as kinds
from dispatch import intake_findings, photo_proof, tables
from dispatch.closure_tables import task_photo
from dispatch.database import reading, writing
from dispatch.ledger import Ledger
from dispatch.photo_folder import MOST_BYTES, MOST_PHOTOS, PhotoFolder
from dispatch.photos import Picture, picture_of
from dispatch.worktime import HOUR_MS

_WITHIN_MS: Final = 24 * HOUR_MS
"""A phone without signal keeps photos for so long after the step they belong to."""
_WORKED_ON: Final = frozenset({TaskState.ACCEPTED, TaskState.ON_SITE, TaskState.SUSPENDED})
_STEPS: Final = tuple(
    step.value for step in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE, Action.VERIFY, Action.REJECT, Action.RETURN)
)
"""Whoever took one of these was at work on the task."""
_OF: Final[Mapping[TaskKind, frozenset[PhotoKind]]] = {
    TaskKind.HANDLE: frozenset({PhotoKind.BEFORE, PhotoKind.AFTER}),
    TaskKind.VERIFY: frozenset({PhotoKind.BEFORE, PhotoKind.VERIFICATION}),
}


class SqlTaskPhotos:
    """Keeps and gives photos of tasks; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Keep at most ``most_bytes``, with those of reports, under ``folder``."""
        self._engine = engine
        self._folder = PhotoFolder(folder, most_bytes)

    def may_attach(self, task: int, kind: PhotoKind, actor: Actor, now_ms: int) -> None:
        """Nothing, if the actor is at work on the task, or took a step on it within the last day.

        Raises:
            UnknownItem: if there is no such task.
            NotPermitted: if it is somebody else's, or too long ago.
            Invalid: if a task of its kind has no such photos.
        """
        with reading(self._engine) as connection:
            _check_mine(connection, task, kind, actor, now_ms)

    def attach(self, task: int, kind: PhotoKind, actor: Actor, key: str, data: bytes, now_ms: int) -> TaskPhoto:
        """Add a photo; the same key, or the same photo, once more answers as the first time.

        Raises:
            UnknownItem, NotPermitted: as ``may_attach``.
            Conflict: ``key_reused`` if the key was used for another photo.
            Invalid: if it is no photo, too large, one too many, or there is no more room.
            Unavailable: if it cannot be written now.
        """
        if not 1 <= len(key) <= 64:
            raise Invalid([kinds.KEY_MISSING.at()])
        picture = picture_of(data)
        digest = hashlib.sha256(picture.data).hexdigest()
        with reading(self._engine) as connection:
            row = _check_mine(connection, task, kind, actor, now_ms)
            known = self._room(connection, row, kind, actor, key, digest, len(picture.data))
        if known is not None:
            return known
        self._folder.write(digest, picture.media_type, picture.data)
        with writing(self._engine) as connection:
            row = _check_mine(connection, task, kind, actor, now_ms)
            known = self._room(connection, row, kind, actor, key, digest, len(picture.data))
            return known if known is not None else _kept(connection, row, kind, actor, key, digest, picture, now_ms)

    def photo(self, task: int, position: int) -> tuple[str, bytes] | None:
        """Media type and bytes of a photo; ``None`` if there is none.

        Raises:
            Unavailable: if it cannot be read now.
        """
        query = sa.select(task_photo).where(task_photo.c.task == task, task_photo.c.position == position)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.media_type, self._folder.read(row.sha256, row.media_type))

    def of_case(self, case: int) -> CasePhotos:
        """What there is of a case, and what there must be; of a case that does not exist, nothing."""
        query = sa.select(task_photo).where(task_photo.c.case == case)
        query = query.order_by(task_photo.c.at_ms, task_photo.c.task, task_photo.c.position)
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(tables.case).where(tables.case.c.number == case)).one_or_none()
            if row is None:
                return CasePhotos()
            return CasePhotos(
                photos=tuple(_photo(one) for one in connection.execute(query)),
                needed=photo_proof.needed(connection, row),
                missing=row.open and photo_proof.missing(connection, row),
            )

    def _room(
        self, connection: sa.Connection, task: Any, kind: PhotoKind, actor: Actor, key: str, digest: str, size: int
    ) -> TaskPhoto | None:
        """The photo, if it is there already; else nothing, if there is room for it."""
        table = task_photo
        used = sa.select(table).where(table.c.actor == actor.login, table.c.key == key)
        row = connection.execute(used).one_or_none()
        if row is not None:
            if (row.task, row.kind, row.sha256) != (task.number, kind.value, digest):
                raise Conflict("key_reused", kinds.KEY_REUSED())
            return _photo(row)
        since_ms = photo_proof.round_since_ms(connection, task.case)
        alike = sa.select(table).where(table.c.task == task.number, table.c.kind == kind.value)
        rows = connection.execute(alike.where(table.c.at_ms > since_ms)).all()
        for one in rows:
            if one.sha256 == digest:
                return _photo(one)
        if len(rows) >= MOST_PHOTOS:
            raise Invalid([intake_findings.PHOTO_MANY.at(most=MOST_PHOTOS)])
        self._folder.check_room(connection, size)
        return None


def _kept(
    connection: sa.Connection,
    task: Any,
    kind: PhotoKind,
    actor: Actor,
    key: str,
    digest: str,
    picture: Picture,
    now_ms: int,
) -> TaskPhoto:
    """Write the row, and tell whoever looks at the task."""
    mine = task_photo.c.task == task.number
    values = {
        "task": task.number,
        "position": connection.execute(sa.select(sa.func.count()).select_from(task_photo).where(mine)).scalar_one(),
        "case": task.case,
        "kind": kind.value,
        "actor": actor.login,
        "key": key,
        "person": actor.person,
        "sha256": digest,
        "media_type": picture.media_type,
        "size": len(picture.data),
        "at_ms": now_ms,
    }
    row = connection.execute(sa.insert(task_photo).returning(task_photo), values).one()
    case = connection.execute(sa.select(tables.case).where(tables.case.c.number == task.case)).one()
    ledger = Ledger(connection, now_ms)
    ledger.tell(
        FeedKind.TASK,
        str(task.number),
        "photo",
        community=case.community,
        facility=case.facility,
        severity=case.severity,
        owner=task.owner,
    )
    ledger.flush()
    return _photo(row)


def _photo(row: Any) -> TaskPhoto:
    return TaskPhoto(
        task=row.task,
        position=row.position,
        kind=PhotoKind(row.kind),
        sha256=row.sha256,
        media_type=row.media_type,
        size=row.size,
        at_ms=row.at_ms,
        actor=row.actor,
        person=row.person,
    )


def _check_mine(connection: sa.Connection, task: int, kind: PhotoKind, actor: Actor, now_ms: int) -> Any:
    """The task's row, if this actor may add such a photo to it."""
    row = connection.execute(sa.select(tables.task).where(tables.task.c.number == task)).one_or_none()
    if row is None:
        raise UnknownItem(kinds.NO_TASK(task=task))
    owns = actor.person is not None and row.owner == actor.person and TaskState(row.state) in _WORKED_ON
    if not owns and not _worked_lately(connection, row, actor, now_ms):
        raise NotPermitted(kinds.NO_PHOTO_OF_OTHERS())
    if kind not in _OF[TaskKind(row.kind)]:
        raise Invalid([kinds.PHOTO_OF_OTHER_TASK.at(kind=kinds.PHOTO_KINDS[kind.value])])
    return row


def _worked_lately(connection: sa.Connection, task: Any, actor: Actor, now_ms: int) -> bool:
    """Whether the actor took a step on the task within the grace of the outbox."""
    table = tables.history
    mine = (table.c.case == task.case, table.c.task == task.number, table.c.actor == actor.login)
    lately = (table.c.action.in_(_STEPS), table.c.at_ms > now_ms - _WITHIN_MS)
    return connection.execute(sa.select(table.c.id).where(*mine, *lately).limit(1)).first() is not None
