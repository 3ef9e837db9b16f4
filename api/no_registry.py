"""Where single records of the registry cannot be edited: there are none, and whoever writes is told."""

from __future__ import annotations

from collections.abc import Sequence

from api import findings as kinds
from core.cases import UnknownItem
from core.ports.registry import Page, PageRequest
from core.ports.registry_editing import KindForm, RecordEdit, RecordLine, RegistryRecord


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

    def end(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Refused."""
        raise UnknownItem(kinds.NO_REGISTRY_EDITING())

    def restore(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Refused."""
        raise UnknownItem(kinds.NO_REGISTRY_EDITING())
