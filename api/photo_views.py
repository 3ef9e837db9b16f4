"""Photos of tasks as pages show them."""

from __future__ import annotations

import hashlib
from typing import TypedDict

from api import views
from api.models.cases import TaskPhotoView
from api.places import Places
from core.ports.task_photos import CasePhotos, TaskPhoto


class Seen(TypedDict):
    """The fields of a task or a case that tell of its photos."""

    photos: list[TaskPhotoView]
    photo_needed: bool
    photo_missing: bool


def seen(found: CasePhotos, places: Places) -> Seen:
    """The photos of a case, with names."""
    photos = [photo(one, places) for one in found.photos]
    return Seen(photos=photos, photo_needed=found.needed, photo_missing=found.missing)


def photo(one: TaskPhoto, places: Places) -> TaskPhotoView:
    """One of them."""
    return TaskPhotoView(
        task_id=one.task,
        position=one.position,
        kind=one.kind,
        media_type=one.media_type,
        size=one.size,
        time_ms=one.at_ms,
        by=views.who(one.actor, one.person, places),
    )


def bound(key: str) -> str:
    """The client's key bound to photos of tasks, in the length that dispatch keeps."""
    return hashlib.sha256(f"task-photo\0{key}".encode()).hexdigest()
