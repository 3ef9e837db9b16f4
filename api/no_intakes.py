"""Where nothing is reported: lists are empty, and whoever hands something in is told."""

from __future__ import annotations

from collections.abc import Sequence

from api import findings as kinds
from core.cases import Actor
from core.closure import PhotoKind
from core.errors import Refused
from core.intake import Event, SourceKind
from core.ports.documents import Document
from core.ports.intake import Burden, IntakeAsk, IntakeFilter, IntakeRow, Known, LogAnswer, Photo, Ruling
from core.ports.registry import Page, PageRequest
from core.ports.task_photos import CasePhotos, TaskPhoto


class NoIntakes:
    """``core.ports.intake`` without anything behind it."""

    def events(self, source: SourceKind, class_id: str | None = None) -> Sequence[Event]:
        """None."""
        return ()

    def intakes(self, where: IntakeFilter, page: PageRequest) -> Page[IntakeRow]:
        """None."""
        return Page(items=())

    def intake(self, number: int, communities: frozenset[int] | None = None) -> IntakeRow | None:
        """None."""
        return None

    def known(self, ask: IntakeAsk, now_ms: int) -> Sequence[Known]:
        """None."""
        return ()

    def sent(self, actor: Actor, key: str) -> IntakeRow | None:
        """None."""
        return None

    def burden(
        self, from_ms: int, to_ms: int, communities: frozenset[int] | None = None, department: str = ""
    ) -> Sequence[Burden]:
        """None."""
        return ()

    def log(self, community: int, from_ms: int, to_ms: int) -> LogAnswer:
        """Refused."""
        raise Refused(kinds.NO_INTAKES())

    def file(self, ask: IntakeAsk, now_ms: int) -> IntakeRow:
        """Refused."""
        raise Refused(kinds.NO_INTAKES())

    def rule(self, ruling: Ruling, now_ms: int) -> IntakeRow:
        """Refused."""
        raise Refused(kinds.NO_INTAKES())

    def awaits(self, number: int, key: str, actor: Actor, now_ms: int) -> None:
        """Refused."""
        raise Refused(kinds.NO_INTAKES())

    def attach(self, number: int, key: str, actor: Actor, data: bytes, now_ms: int) -> Photo:
        """Refused."""
        raise Refused(kinds.NO_INTAKES())

    def photo(self, number: int, position: int, communities: frozenset[int] | None = None) -> tuple[str, bytes] | None:
        """None."""
        return None


class NoTaskPhotos:
    """``core.ports.task_photos`` without anything behind it."""

    def may_attach(self, task: int, kind: PhotoKind, actor: Actor, now_ms: int) -> None:
        """Refused."""
        raise Refused(kinds.NO_INTAKES())

    def attach(self, task: int, kind: PhotoKind, actor: Actor, key: str, data: bytes, now_ms: int) -> TaskPhoto:
        """Refused."""
        raise Refused(kinds.NO_INTAKES())

    def photo(self, task: int, position: int) -> tuple[str, bytes] | None:
        """None."""
        return None

    def of_case(self, case: int) -> CasePhotos:
        """None."""
        return CasePhotos()


class NoDocuments:
    """``core.ports.documents`` without anything behind it."""

    def of_facility(self, facility: int) -> Sequence[Document]:
        """None."""
        return ()

    def add(self, facility: int, name: str, data: bytes, actor: Actor, now_ms: int) -> Document:
        """Refused."""
        raise Refused(kinds.NO_DOCUMENTS())

    def document(self, facility: int, number: int) -> tuple[Document, bytes] | None:
        """None."""
        return None

    def remove(self, facility: int, number: int, reason: str, actor: Actor, now_ms: int) -> Document:
        """Refused."""
        raise Refused(kinds.NO_DOCUMENTS())
