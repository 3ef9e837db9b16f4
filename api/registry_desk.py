"""Single records of the registry for pages: lists, one record, its changes; nobody reaches beyond their communities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite

from api import findings as words
from api.access import Caller
from api.models.base import Bilingual, FieldMoved, Page
from api.models.registry import (
    CellFindingView,
    CellPreviewView,
    CellWish,
    FieldView,
    KindList,
    KindView,
    NewRecord,
    RecordChange,
    RecordLineView,
    RecordMark,
    RecordView,
    RegistryChange,
    RegistryChanges,
)
from api.places import PlaceBook
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError, WrongField
from api.record_desk import shown_value
from api.today import today_of
from core.coordinates import PositionSystem, wgs84_of
from core.errors import Invalid
from core.findings import Finding
from core.ports.registry import ChangeKind, FieldChange, PageRequest
from core.ports.registry_editing import FieldForm, RecordEdit, RegistryRecord

_PART = ":"
"""Joins the parts of a code in an address; the registry joins them by ``/``."""
_CHANGES = 100


class RegistryDesk:
    """What managers look at and change, record by record."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join the registry and its book."""
        self._ports = ports
        self._places = places

    def kinds(self) -> KindList:
        """Kinds of record and their fields."""
        return KindList(
            items=[
                KindView(
                    kind=one.kind,
                    label=Bilingual.of(one.label),
                    fields=[_field(field) for field in one.fields],
                    editable=one.editable,
                    adds=one.adds,
                    ends=one.ends,
                )
                for one in self._ports.records.kinds()
            ]
        )

    def lines(
        self, caller: Caller, kind: str, page: PageRequest, *, community: int | None, text: str, ended: bool
    ) -> Page[RecordLineView]:
        """Records of a kind by code."""
        horizon = caller.narrowed(community)
        if horizon is not None and not horizon:
            return Page(items=[], next_cursor=None)
        found = self._ports.records.lines(kind, horizon, text, page, ended=ended)
        items = [
            RecordLineView(code=one.code.replace("/", _PART), name=Bilingual.of(one.name), active=one.active)
            for one in found.items
        ]
        return Page(items=items, next_cursor=found.next_cursor or None)

    def record(self, caller: Caller, kind: str, code: str) -> RecordView:
        """One record.

        Raises:
            ProblemError: ``NOT_FOUND`` for one out of sight.
        """
        return self._view(caller, self._known(caller, kind, code))

    def create(self, caller: Caller, kind: str, body: NewRecord) -> RecordView:
        """A record that comes."""
        return self._saved(caller, RecordEdit(kind=kind, code="", mark="", fields=_placed(body), within=caller.horizon))

    def change(self, caller: Caller, kind: str, code: str, body: RecordChange) -> RecordView:
        """A record of which fields become others."""
        known = self._known(caller, kind, code)
        edit = RecordEdit(
            kind=kind, code=known.code, mark=body.mark, fields=_placed(body), within=caller.horizon, base=body.base
        )
        return self._saved(caller, edit)

    def preview_cell(self, caller: Caller, body: CellWish) -> CellPreviewView:
        """A cell that is being drawn; what is wrong is told and refuses nothing.

        Raises:
            ProblemError: ``NOT_FOUND`` for one out of sight.
        """
        code = self._known(caller, "cells", body.code).code if body.code else ""
        edit = RecordEdit(kind="cells", code=code, mark="", fields=body.fields, within=caller.horizon, base={})
        found = self._ports.records.preview_cell(edit, day=today_of(self._ports))
        return CellPreviewView(
            ring=[list(corner) for corner in found.ring],
            area_m2=found.area_m2,
            facilities=len(found.facilities),
            findings=[
                CellFindingView(
                    field=str(one.values.get("field", "")),
                    what=Bilingual(zh=one.what_in("zh"), en=one.what_in("en")),
                    fix=Bilingual(zh=one.fix_in("zh"), en=one.fix_in("en")),
                )
                for one in found.findings
            ],
        )

    def turn(self, caller: Caller, kind: str, code: str, body: RecordMark, *, active: bool) -> RecordView:
        """Take a record out of use, or into it again."""
        known = self._known(caller, kind, code)
        edit = RecordEdit(kind=kind, code=known.code, mark=body.mark, within=caller.horizon)
        turn = self._ports.records.restore if active else self._ports.records.end
        try:
            done = turn(edit, day=today_of(self._ports), actor=caller.login.username, now_ms=self._now_ms())
        except Invalid as error:
            raise _told(error) from error
        return self._view(caller, done)

    def changes(self, caller: Caller, kind: str, code: str, before: int | None) -> RegistryChanges:
        """What became of one record, of a kind of record, or of everything.

        Raises:
            ProblemError: ``NOT_FOUND`` for a record out of sight, and for whole kinds to whom does not see all.
        """
        if kind and code and kind != "calendar":
            code = self._known(caller, kind, code).code
        elif not caller.login.everywhere:
            raise ProblemError(Problems.NOT_FOUND)
        elif kind == "calendar":
            code = code.replace(_PART, "/")
        found = self._ports.book.changes(kind, code, before=before, limit=_CHANGES + 1)
        labels = {one.kind: Bilingual.of(one.label) for one in self._ports.records.kinds()}
        shown = [self._change(one, labels) for one in found[:_CHANGES]]
        return RegistryChanges(items=shown, before=shown[-1].id if len(found) > _CHANGES else None)

    def _saved(self, caller: Caller, edit: RecordEdit) -> RecordView:
        try:
            done = self._ports.records.save(
                edit, day=today_of(self._ports), actor=caller.login.username, now_ms=self._now_ms()
            )
        except Invalid as error:
            raise _told(error) from error
        return self._view(caller, done)

    def _now_ms(self) -> int:
        return self._ports.clock.now_ms()

    def _known(self, caller: Caller, kind: str, code: str) -> RegistryRecord:
        found = self._ports.records.record(kind, code.replace(_PART, "/"))
        if found is None or not _seen(caller, found):
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _view(self, caller: Caller, one: RegistryRecord) -> RecordView:
        places, horizon = self._places.now(), caller.horizon
        own = horizon is None or (one.communities is not None and one.communities <= horizon)
        editable = {form.kind: form.editable for form in self._ports.records.kinds()}
        return RecordView(
            kind=one.kind,
            code=one.code.replace("/", _PART),
            number=one.number,
            active=one.active,
            mark=one.mark,
            fields=dict(one.fields),
            communities=[places.community_ref(number) for number in sorted(one.communities or ())],
            everywhere=one.communities is None,
            editable=own and editable.get(one.kind, False),
            meanwhile=[FieldMoved.of(moved) for moved in one.meanwhile],
        )

    def _change(self, one: FieldChange, labels: Mapping[str, Bilingual]) -> RegistryChange:
        day = one.collection == "calendar" and one.record.startswith("day/")
        came = one.kind is ChangeKind.ADD and not day
        shown = _day_value if day else shown_value
        return RegistryChange(
            id=one.number,
            time_ms=one.at_ms,
            by=one.actor,
            change=one.kind,
            kind=one.collection,
            kind_name=labels.get(one.collection, Bilingual(zh=one.collection, en=one.collection)),
            code=one.record.replace("/", _PART),
            field=None if came else Bilingual.of(self._ports.book.field_name(_day_field(one) if day else one.field)),
            before="" if came else shown(one.before),
            after="" if came else shown(one.after),
        )


def _day_field(one: FieldChange) -> str:
    """A day of the calendar says what it is; that stands in the field ``is`` of its file."""
    return "active" if one.field == "active" else "is"


def _day_value(text: str) -> str:
    """What a day was or became, of the history's line: the kind of day, or whether the record is in use."""
    value = json.loads(text) if text else ""
    item = value.get("item", "") if isinstance(value, dict) else value
    if isinstance(item, str) and item.startswith("{"):
        return str(json.loads(item).get("kind", ""))
    return shown_value(text)


def _field(one: FieldForm) -> FieldView:
    return FieldView(
        name=one.name,
        label=Bilingual.of(one.label),
        help=Bilingual(zh=one.help.zh, en=one.help.en),
        holds=one.holds,
        choices=list(one.choices),
        refers=one.refers,
        several=one.several,
        required=one.required,
        fixed=one.fixed,
    )


def _seen(caller: Caller, one: RegistryRecord) -> bool:
    """Whether a record lies in sight; what belongs to the whole city does for everybody."""
    horizon = caller.horizon
    return horizon is None or one.communities is None or bool(one.communities & horizon)


def _placed(body: RecordChange | NewRecord) -> dict[str, str]:
    """The fields with a position in WGS-84.

    Raises:
        ProblemError: ``INVALID`` if another system is named and the position is not whole.
    """
    fields = dict(body.fields)
    if body.system is PositionSystem.WGS84 or not {"longitude", "latitude"} & fields.keys():
        return fields
    try:
        place = float(fields["longitude"]), float(fields["latitude"])
        if not all(map(isfinite, place)) or abs(place[0]) > 180 or abs(place[1]) > 90:
            raise ValueError(place)
    except (KeyError, ValueError):
        wrong = [WrongField(f"body.fields.{name}", words.BOTH_DEGREES) for name in ("longitude", "latitude")]
        raise ProblemError(Problems.INVALID, errors=wrong) from None
    longitude, latitude = wgs84_of(body.system, *place)
    return {**fields, "longitude": f"{longitude:.7f}", "latitude": f"{latitude:.7f}"}


class _Told:
    """What is wrong and what to do, in one sentence."""

    def __init__(self, one: Finding) -> None:
        self._one = one

    def in_language(self, language: str) -> str:
        mark = "; " if language == "en" else "；"
        return f"{self._one.what_in(language)}{mark}{self._one.fix_in(language)}"


def _told(error: Invalid) -> ProblemError:
    """Every finding at its field."""
    return told_at("body.fields", error)


def told_at(above: str, error: Invalid) -> ProblemError:
    """Every finding at its field of ``above``; without one at ``above`` itself."""
    named = [(str(one.values.get("field", "")), one) for one in error.findings]
    wrong = [WrongField(f"{above}.{field}" if field else above, _Told(one)) for field, one in named]
    return ProblemError(Problems.INVALID, errors=wrong)
