"""Photos of tasks: what whoever repaired or verified has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.cases import Actor
from core.closure import PhotoKind


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPhoto:
    """A photo of a task, by the hash of its bytes; ``at_ms`` is when it arrived."""

    task: int
    position: int
    kind: PhotoKind
    sha256: str
    media_type: str
    size: int
    at_ms: int
    actor: str
    person: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePhotos:
    """The photos of all tasks of a case.

    Attributes:
        photos: oldest first.
        needed: no sensor shows the repair, so a photo must, or words why there is none.
        missing: neither has come, as things stand.
    """

    photos: tuple[TaskPhoto, ...] = ()
    needed: bool = False
    missing: bool = False


class TaskPhotos(Protocol):
    """Photos of tasks. Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def may_attach(self, task: int, kind: PhotoKind, actor: Actor, now_ms: int) -> None:
        """Nothing, if the actor is at work on the task, or took a step on it within the last day.

        Raises:
            core.cases.UnknownItem: if there is no such task.
            core.cases.NotPermitted: if it is somebody else's, or too long ago.
            core.errors.Invalid: if a task of its kind has no such photos.
        """
        ...

    def attach(self, task: int, kind: PhotoKind, actor: Actor, key: str, data: bytes, now_ms: int) -> TaskPhoto:
        """Add a photo; the same key, or the same photo, once more answers as the first time.

        Raises:
            core.cases.UnknownItem, core.cases.NotPermitted: as ``may_attach``.
            core.cases.Conflict: ``key_reused`` if the key was used for another photo.
            core.errors.Invalid: if it is no photo, too large, one too many, or there is no more room.
            core.errors.Unavailable: if it cannot be written now.
        """
        ...

    def photo(self, task: int, position: int) -> tuple[str, bytes] | None:
        """Media type and bytes; ``None`` if there is none."""
        ...

    def of_case(self, case: int) -> CasePhotos:
        """What there is of a case, and what there must be."""
        ...
