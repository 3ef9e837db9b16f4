"""The view of a store for a process beside its owner: what is hot comes over the socket, the files are read in place.

Segments never change, so whoever may open the folder can read them without asking the thread that commits for its
interpreter. The owner sends the catalog once and after each change of it, and with every question the few hot readings
that belong to the answer; ``store/queries.py`` does the rest at either end. A file that a merge has replaced may be
gone before it is opened: then the caller asks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import msgspec

from core.readings import Int32s, Readings
from store.catalog import Catalog, Change, HourFile, Segment
from store.compaction import SegmentFolder
from store.queries import View
from store.segments import FooterCache

POINT_DAYS_MAX = 32
"""Larger questions go to the owner: 32 point-days are 2.8 million readings at one a second, about 115 MB."""

_DAY_MS = 86_400_000


@runtime_checkable
class Shareable(Protocol):
    """A store whose files other processes of this machine may read."""

    @property
    def root(self) -> Path:
        """Its folder."""
        ...

    def excerpt(self, points: Int32s, from_ms: int, to_ms: int, step_ms: int) -> View:
        """The view with only those hot readings that a question needs; ``step_ms`` is 0 for readings."""
        ...


class SegmentBody(msgspec.Struct, array_like=True):
    """``catalog.Segment`` without its files, whose names follow from ``number`` and ``day``."""

    number: int
    day: int
    level: int
    sequence: int
    rows: int
    from_ms: int
    to_ms: int
    written_ms: int
    raw_bytes: int
    minute_bytes: int
    has_raw: bool
    has_minute: bool


class HourBody(msgspec.Struct, array_like=True):
    """``catalog.HourFile`` without its file."""

    number: int
    window: int
    rows: int
    size: int


class CatalogBody(msgspec.Struct, array_like=True):
    """A catalog, and which folder it is about: two processes may know different folders by one name."""

    root: str
    device: int
    inode: int
    segments: list[SegmentBody]
    hours: list[HourBody]
    closed: list[int]


def pack_catalog(root: Path, catalog: Catalog) -> CatalogBody:
    """The catalog of the store in the folder ``root``."""
    root = root.absolute()
    found = root.stat()
    segments = [
        SegmentBody(
            **{name: getattr(one, name) for name in SegmentBody.__struct_fields__ if not name.startswith("has_")},
            has_raw=one.raw is not None,
            has_minute=one.minute is not None,
        )
        for one in catalog.segments
    ]
    hours = [HourBody(one.number, one.window, one.rows, one.size) for one in catalog.hours]
    return CatalogBody(str(root), found.st_dev, found.st_ino, segments, hours, sorted(catalog.closed))


def unpack_catalog(body: CatalogBody, footers: FooterCache) -> Catalog | None:
    """The inverse of ``pack_catalog``; ``None`` if the folder is not to be seen from here."""
    try:
        found = Path(body.root).stat()
    except OSError:
        return None
    if (found.st_dev, found.st_ino) != (body.device, body.inode):
        return None
    folder = SegmentFolder(Path(body.root), footers)
    segments = [
        Segment(
            **{name: getattr(one, name) for name in SegmentBody.__struct_fields__ if not name.startswith("has_")},
            raw=folder.file("raw", one.number, one.day) if one.has_raw else None,
            minute=folder.file("minute", one.number, one.day) if one.has_minute else None,
        )
        for one in body.segments
    ]
    hours = tuple(
        HourFile(
            number=one.number,
            window=one.window,
            file=folder.hours(one.number, one.window),
            rows=one.rows,
            size=one.size,
        )
        for one in body.hours
    )
    return Catalog((), hours, frozenset(body.closed)).changed(Change(added=tuple(segments)))


def is_small(points: Sequence[int] | Int32s, from_ms: int, to_ms: int) -> bool:
    """Whether a question is one that the asking process answers itself."""
    return len(points) * max(1, -(-(to_ms - from_ms) // _DAY_MS)) <= POINT_DAYS_MAX


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A catalog and the stamp that its owner has given it."""

    stamp: int = 0
    catalog: Catalog = field(default_factory=Catalog)


class CatalogMirror:
    """The newest catalog an owner has sent. Threads may share it: what they hold is replaced, never changed."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.held = Held()
        self.usable = True
        self._footers = FooterCache()

    def view(self, before: Held, stamp: int, body: CatalogBody | None, hot: Readings) -> View | None:
        """The view that an answer describes; ``None`` if its files cannot be read from here.

        Args:
            before: what was held when the question was sent.
            stamp: stamp of the owner's catalog.
            body: that catalog, ``None`` if it is still the one in ``before``.
            hot: the hot readings, newest last.
        """
        if body is None:
            self.usable = stamp != 0
            return View(before.catalog, (hot,), stamp) if self.usable else None
        catalog = unpack_catalog(body, self._footers)
        if catalog is None:
            self.usable = False
            return None
        self.held = Held(stamp, catalog)
        self._footers.keep(catalog.paths())
        return View(catalog, (hot,), stamp)

    def forget(self) -> None:
        """Have the catalog sent again with the next answer."""
        self.held = Held()
