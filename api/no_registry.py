"""Where single records of the registry cannot be edited: there are none, and whoever writes is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api import findings as kinds
from core.cases import UnknownItem
from core.errors import Refused
from core.ports.calendar_days import DaysPreview, DaysWish
from core.ports.enrolment import Enrolled, Enrolment, Proposal
from core.ports.registry import Page, PageRequest
from core.ports.registry_editing import CellPreview, KindForm, RecordEdit, RecordLine, RegistryRecord
from core.ports.registry_import import ImportChange, ImportJob


class NoRegistryEditing:
    """``core.ports.registry_editing`` without anything behind it."""

    def kinds(self) -> Sequence[KindForm]:
        """None."""
        return ()

    def lines(
        self, kind: str, communities: frozenset[int] | None, text: str, page: PageRequest, *, ended: bool = False
    ) -> Page[RecordLine]:
        """None."""
        return Page(items=())

    def record(self, kind: str, code: str) -> RegistryRecord | None:
        """None."""
        return None

    def save(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Refused."""
        raise UnknownItem(kinds.NO_REGISTRY_EDITING())

    def preview_cell(self, edit: RecordEdit, *, day: str) -> CellPreview:
        """Refused."""
        raise UnknownItem(kinds.NO_REGISTRY_EDITING())

    def end(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Refused."""
        raise UnknownItem(kinds.NO_REGISTRY_EDITING())

    def restore(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Refused."""
        raise UnknownItem(kinds.NO_REGISTRY_EDITING())


class NoCalendarDays:
    """``core.ports.calendar_days`` without anything behind it."""

    def preview(self, wish: DaysWish, now_ms: int) -> DaysPreview:
        """Refused."""
        raise Refused(kinds.NO_REGISTRY_EDITING())

    def apply(self, wish: DaysWish, mark: str, actor: str, now_ms: int) -> int:
        """Refused."""
        raise Refused(kinds.NO_REGISTRY_EDITING())


class NoImports:
    """``core.ports.registry_import`` without anything behind it."""

    def start(self, name: str, data: bytes, owner: str, day: str, now_ms: int) -> ImportJob:
        """Refused."""
        raise Refused(kinds.NO_REGISTRY_EDITING())

    def job(self, number: str, owner: str) -> ImportJob | None:
        """None."""
        return None

    def changes(self, number: str, owner: str, kind: str, offset: int, limit: int) -> Sequence[ImportChange]:
        """None."""
        return ()

    def apply(self, number: str, owner: str, token: str) -> ImportJob | None:
        """None."""
        return None

    def export(self, form: str, language: str) -> Path:
        """Refused."""
        raise Refused(kinds.NO_REGISTRY_EDITING())


class NoEnrolling:
    """``core.ports.enrolment.Enrolling`` without anything behind it."""

    def strangers(self) -> Sequence[Proposal]:
        """None."""
        return ()

    def enrol(self, wish: Enrolment, *, day: str, actor: str, now_ms: int) -> Enrolled:
        """Refused."""
        raise UnknownItem(kinds.NO_REGISTRY_EDITING())
