"""Editing single records of the registry: what people see of one, and what they change of it.

A record travels as the texts that its file would hold, so that a page, a workbook and a folder say the same and are
checked by the same rules. Who edits names the ``mark`` of what they looked at, and its values: other changes in between
are merged by field, or told and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.findings import Finding, Sentence
from core.merging import FieldMoved
from core.places import Text
from core.ports.registry import Page, PageRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldForm:
    """How people see a field of a kind of record.

    Attributes:
        holds: ``text``, ``code``, ``number``, ``date``, ``built``, ``flag``, ``value``.
        choices: the words it may hold; empty: any.
        refers: the kind of record whose codes it holds; empty: none.
        several: whether it holds several of them, separated by spaces.
        required: whether it must not be empty; fixed: whether it stays as it was when the record came.
    """

    name: str
    label: Text
    help: Sentence
    holds: str
    choices: Sequence[str] = ()
    refers: str = ""
    several: bool = False
    required: bool = False
    fixed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class KindForm:
    """A kind of record: its fields in order.

    Attributes:
        editable: whether single records can be changed; adds: whether one can be made.
        ends: whether a single one can be taken out of use.
    """

    kind: str
    label: Text
    fields: Sequence[FieldForm]
    editable: bool
    adds: bool
    ends: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordLine:
    """A record in a list."""

    kind: str
    code: str
    name: Text
    active: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryRecord:
    """One record.

    Attributes:
        code: as people know it; parts of a longer key are joined by ``/``.
        number: of the registry, where the kind has one.
        mark: changes with every change of the record.
        fields: the texts of its file; empty fields are left out.
        communities: numbers; ``None``: of the whole city.
        meanwhile: after an edit, what others changed between its base and now; it stands.
    """

    kind: str
    code: str
    number: int | None
    active: bool
    mark: str
    fields: Mapping[str, str]
    communities: frozenset[int] | None
    meanwhile: tuple[FieldMoved[str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordEdit:
    """What somebody wants of a record.

    Attributes:
        code: which; empty: a new one.
        mark: of what they looked at; empty for a new one.
        fields: the changed ones only; an empty text empties a field.
        within: communities (numbers) that the editor answers for; ``None``: all.
        base: the whole record that the edit was based on, so that it can be merged by field with what others changed
            meanwhile; ``None``: it holds for the record of ``mark`` alone.
    """

    kind: str
    code: str
    mark: str
    fields: Mapping[str, str] = field(default_factory=dict)
    within: frozenset[int] | None = None
    base: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CellPreview:
    """What a cell would be that is being drawn.

    Attributes:
        ring: its corners (longitude, latitude), WGS-84, as far as they can be read; not closed.
        area_m2: how large it is; 0 while something is wrong.
        facilities: codes of those that would come into another cell.
        findings: everything wrong: fields, overlaps, holes that it would make, facilities that it would leave outside.
            A finding's value ``field`` is its field.
    """

    ring: tuple[tuple[float, float], ...]
    area_m2: float = 0.0
    facilities: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class RegistryEditing(Protocol):
    """Every method raises ``core.errors.Unavailable`` if the database does not answer now."""

    def kinds(self) -> Sequence[KindForm]:
        """All kinds of record, in the order of the files."""
        ...

    def lines(
        self, kind: str, communities: frozenset[int] | None, text: str, page: PageRequest, *, ended: bool = False
    ) -> Page[RecordLine]:
        """Records of a kind by code, those of ``communities`` only; ``text`` is looked for in codes and names."""
        ...

    def record(self, kind: str, code: str) -> RegistryRecord | None:
        """One record."""
        ...

    def save(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Change a record, or make a new one.

        Raises:
            Invalid: with everything that is wrong; a finding's value ``name`` is the field.
            Conflict: ``changed`` if the record is not what the editor looked at and the edit has no base.
            Diverged: if somebody else changed the same fields to something else.
            NotPermitted: if it belongs, or would belong, to what the editor does not answer for.
            UnknownItem: if there is none.
            Refused: if records of the kind do not come one by one.
        """
        ...

    def preview_cell(self, edit: RecordEdit, *, day: str) -> CellPreview:
        """What a cell would be; nothing is written.

        Raises:
            NotPermitted, UnknownItem: as ``save``.
        """
        ...

    def end(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Take a record out of use; a person's posts fall vacant, a facility's points end with it.

        Raises:
            Refused: if something in use still refers to it.
            Conflict, NotPermitted, UnknownItem: as ``save``.
        """
        ...

    def restore(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Take it into use again, under its old number; points come back that ended with it.

        Raises:
            Invalid, Conflict, NotPermitted, UnknownItem: as ``save``.
        """
        ...
