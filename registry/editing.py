"""Single records changed by people: ``core.ports.registry_editing.RegistryEditing`` over SQL.

An edit is a very small import. The record as it stands becomes the texts of its file, the edit is laid over them, the
result is read and checked by what reads and checks files, and what differs is written with its history in one
transaction. So a page can write nothing that an import would refuse, and an export of the result imports again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter

import sqlalchemy as sa

from core.cases import Conflict, NotPermitted, UnknownItem
from core.errors import Invalid, Refused
from core.places import Text
from core.ports.registry import ChangeKind, Page, PageRequest
from core.ports.registry_editing import CellPreview, KindForm, RecordEdit, RecordLine, RegistryRecord
from registry import edit_findings as edits
from registry import edit_merge, exporter, forms, history, rows, tables
from registry.cell_edits import Ring, redrawn, ring_of, with_corners
from registry.classbook import ClassEntry
from registry.columns import SHEETS
from registry.database import reading, record, writing
from registry.edit_checks import NEEDS, at_field, checked
from registry.history import Change
from registry.importer import carry_out, difference
from registry.rows import Key, RowValues
from registry.standard import load_standard

_KNOWN = frozenset(rows.COLLECTIONS) - {"calendar"}
_LISTED = _KNOWN - {"points"}
_LINE = frozenset(
    {"name_zh", "name_en", "active", "revoked_ms", "valid_to", "community", "communities", "everywhere", "cell"}
)
"""What a list needs of a record: its name, whether it is in use, whose it is."""
_EXAMPLES = 3
Present = Mapping[str, Mapping[Key, RowValues]]


class SqlRegistryEditing:
    """Single records; safe to use from several threads and processes."""

    def __init__(self, engine: sa.Engine, classes: Mapping[str, ClassEntry]) -> None:
        """Write to ``engine``; ``classes`` is ``registry.classbook.load_classes()``."""
        self._engine = engine
        self._classes = classes

    def kinds(self) -> Sequence[KindForm]:
        """All kinds of record."""
        skills = sorted({entry.skill for entry in self._classes.values() if entry.skill})
        return forms.kinds(sorted(self._classes), skills)

    def lines(
        self, kind: str, communities: frozenset[int] | None, text: str, page: PageRequest, *, ended: bool = False
    ) -> Page[RecordLine]:
        """Records of a kind by code."""
        if kind not in _LISTED:
            raise UnknownItem(edits.NO_RECORD())
        with reading(self._engine) as connection:
            present = rows.present(connection, _with_cells(kind), fields=_LINE)
            numbers = _community_numbers(connection)
        looked = text.casefold().strip()
        found: list[RecordLine] = []
        after = _key(page.cursor)  # compared part by part, as they are sorted: "/" comes after "-" in a text
        for key, values in sorted((one for one in present[kind].items() if one[0] > after), key=itemgetter(0)):
            line = RecordLine(
                kind=kind, code="/".join(key), name=_name(kind, key, values), active=_is_active(kind, values)
            )
            seen = communities is None or _overlaps(_communities(kind, key, values, present, numbers), communities)
            said = f"{line.code}\n{line.name.zh}\n{line.name.en}".casefold()
            if seen and (ended or line.active) and looked in said:
                found.append(line)
                if len(found) > page.limit:
                    break
        cut = found[: page.limit]
        return Page(items=tuple(cut), next_cursor=cut[-1].code if len(found) > page.limit else "")

    def record(self, kind: str, code: str) -> RegistryRecord | None:
        """One record."""
        if kind not in _KNOWN:
            return None
        with reading(self._engine) as connection:
            return _found(connection, kind, _key(code))

    def save(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Change a record, or make a new one."""
        kind = edit.kind
        if kind not in forms.EDITED:
            raise UnknownItem(edits.NO_RECORD())
        edit = with_corners(edit)
        if not edit.code and kind not in forms.ADDED:
            raise Refused(edits.COMES_BY_IMPORT(kind=SHEETS[kind]))
        with writing(self._engine) as connection:
            present = rows.present(connection, NEEDS[kind], where=near(edit))
            numbers = _community_numbers(connection)
            key, before = self._before(edit, present, numbers)
            fields = dict(exporter.record_of(kind, key, before)) if before is not None else {}
            merged = edit_merge.merged(connection, edit, key, fields)
            fields |= merged.taken
            if kind == "posts" and before is not None:
                fields |= _since(merged.taken, before, day)
            key, after = checked(connection, kind, fields, self._classes, present, day, key)
            _permit(edit, _communities(kind, key, after, present, numbers))
            with_it: tuple[Change, ...] = ()
            if kind == "cells":
                drawn = redrawn(connection, key, after, present[kind], day)
                after, with_it = drawn.after, drawn.with_it
            change = difference(kind, key, before, after)
            if change is not None:
                _write(connection, [change, *with_it], "edit", actor, now_ms)
            found = _found(connection, kind, key)
        if found is None:
            raise UnknownItem(edits.NO_RECORD())
        return replace(found, meanwhile=merged.moved)

    def preview_cell(self, edit: RecordEdit, *, day: str) -> CellPreview:
        """What a cell would be that is being drawn; nothing is written."""
        ring: Ring = ()
        try:
            edit = with_corners(edit)
            ring = ring_of(edit.fields.get("polygon", ""))
            with reading(self._engine) as connection:
                present = rows.present(connection, NEEDS["cells"])
                key, before = self._before(edit, present, _community_numbers(connection))
                fields = {} if before is None else dict(exporter.record_of("cells", key, before))
                key, after = checked(connection, "cells", {**fields, **edit.fields}, self._classes, present, day, key)
                _permit(edit, _communities("cells", key, after, present, _community_numbers(connection)))
                drawn = redrawn(connection, key, after, present["cells"], day)
        except Invalid as error:
            return CellPreview(ring=ring, findings=error.findings)
        return CellPreview(
            ring=ring_of(str(exporter.record_of("cells", key, after)["polygon"])),
            area_m2=drawn.area_m2,
            facilities=drawn.facilities,
        )

    def end(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Take a record out of use."""
        return self._turned(edit, day, actor, now_ms, active=False)

    def restore(self, edit: RecordEdit, *, day: str, actor: str, now_ms: int) -> RegistryRecord:
        """Take it into use again."""
        return self._turned(edit, day, actor, now_ms, active=True)

    def _turned(self, edit: RecordEdit, day: str, actor: str, now_ms: int, *, active: bool) -> RegistryRecord:
        kind = edit.kind
        if kind not in forms.ENDED:
            raise UnknownItem(edits.NO_RECORD())
        with writing(self._engine) as connection:
            present = rows.present(connection, NEEDS[kind], where=near(edit))
            key, before = self._before(edit, present, _community_numbers(connection))
            if before is None:
                raise UnknownItem(edits.NO_RECORD())
            if before["active"] is not active:
                after: RowValues = {**before, "active": active}
                if active:  # its cells may have been drawn anew meanwhile
                    fields = exporter.record_of(kind, key, before)
                    _, after = checked(connection, kind, fields, self._classes, present, day, key)
                else:
                    _refuse_if_named(connection, kind, key)
                changes = _turn(kind, key, before, after)
                changes += _with_it(connection, kind, key, present, day, active=active)
                _write(connection, changes, "restore" if active else "end", actor, now_ms)
            found = _found(connection, kind, key)
        if found is None:
            raise UnknownItem(edits.NO_RECORD())
        return found

    def _before(self, edit: RecordEdit, present: Present, numbers: Mapping[str, int]) -> tuple[Key, RowValues | None]:
        """Key and row of what is edited; of a new record the key that its fields name and nothing."""
        key_names = forms.key_fields(edit.kind)
        if not edit.code:
            key = tuple(edit.fields.get(name, "").strip() for name in key_names)
            if key in present[edit.kind]:
                taken = edits.CODE_TAKEN.at(edit.kind, 1, value="/".join(key))
                raise Invalid([at_field(taken, key_names[-1])])
            return key, None
        key = _key(edit.code)
        before = present[edit.kind].get(key)
        if before is None:
            raise UnknownItem(edits.NO_RECORD())
        _permit(edit, _communities(edit.kind, key, before, present, numbers))
        if edit.mark != mark_of(before) and edit.base is None:
            raise Conflict("changed", edits.EDITED_MEANWHILE())
        fixed = sorted(forms.fixed_fields(edit.kind) & edit.fields.keys())
        if fixed:
            raise Invalid([at_field(edits.NOT_EDITED_HERE.at(edit.kind, 1, name=name), name) for name in fixed])
        return key, before


def mark_of(values: RowValues) -> str:
    """Changes with every change of a row."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


_OWNED_BY: Mapping[str, str] = {"posts": "cells", "points": "facilities"}


def _with_cells(kind: str) -> frozenset[str]:
    """A kind of record and what says whose its records are."""
    return frozenset({kind, _OWNED_BY.get(kind, kind)})


def near(edit: RecordEdit) -> Mapping[str, sa.ColumnElement[bool]]:
    """Of the kinds of which there are many, the rows that an edit has to be compared with."""
    facility = tables.facility
    stand_for = facility.c.number.in_(sa.select(tables.gateway.c.facility))
    if edit.kind == "points":
        return {**_of_point(_key(edit.code)), "facilities": sa.or_(facility.c.code == _key(edit.code)[0], stand_for)}
    if edit.kind == "gateways":
        return {"facilities": sa.or_(facility.c.code == edit.fields.get("facility", "").strip(), stand_for)}
    return facilities_near(edit)


def _of_point(key: Key) -> dict[str, sa.ColumnElement[bool]]:
    """One point and its facility."""
    facility, point = tables.facility, tables.point
    number = sa.select(facility.c.number).where(facility.c.code == key[0]).scalar_subquery()
    named = sa.and_(point.c.facility == number, point.c.key == key[-1])
    return {"points": named, "facilities": facility.c.code == key[0]}


def facilities_near(edit: RecordEdit) -> Mapping[str, sa.ColumnElement[bool]]:
    """Of the facilities, which are many, those that an edit has to be compared with.

    Itself, what supplies it now and after the edit, all the way up (``UNION`` ends a circle), and those of its
    redundant set.
    """
    if edit.kind != "facilities":
        return {}
    facility = tables.facility
    code = edit.code or edit.fields.get("code", "").strip()
    ends = (code, edit.fields.get("parent", "").strip())
    begin = sa.select(facility.c.number, facility.c.parent).where(facility.c.code.in_(ends))
    line = begin.cte("line", recursive=True)
    line = line.union(sa.select(facility.c.number, facility.c.parent).where(facility.c.number == line.c.parent))
    now = sa.select(facility.c.redundant_set).where(facility.c.code == code).scalar_subquery()
    same_set = edit.fields["redundant_set"].strip() if "redundant_set" in edit.fields else now
    return {
        "facilities": sa.or_(
            facility.c.number.in_(sa.select(line.c.number)),
            sa.and_(facility.c.redundant_set != "", facility.c.redundant_set == same_set),
        )
    }


def _key(code: str) -> Key:
    return tuple(code.split("/"))


def _is_active(kind: str, values: RowValues) -> bool:
    if kind in ("cells", "communities"):
        return not values["valid_to"]
    return values.get("active") is not False and values.get("revoked_ms") is None


def _name(kind: str, key: Key, values: RowValues) -> Text:
    if kind == "amenities":
        return next((item.name for item in load_standard().items if item.id == key[1]), Text(zh=key[1], en=key[1]))
    return Text(zh=str(values["name_zh"]), en=str(values["name_en"]))


def _community_numbers(connection: sa.Connection) -> dict[str, int]:
    table = tables.community
    return {row.code: row.number for row in connection.execute(sa.select(table.c.code, table.c.number))}


def _communities(
    kind: str, key: Key, values: RowValues, present: Present, numbers: Mapping[str, int]
) -> frozenset[int] | None:
    """Whose a record is; ``None``: of the whole city."""
    match kind:
        case "facilities" | "villages" | "cells" | "gateways":
            codes = [str(values["community"])]
        case "communities" | "amenities":
            codes = [key[0]]
        case "points":
            codes = [str(present["facilities"][key[:1]]["community"])]
        case "posts":
            cells = [row for cell, row in present["cells"].items() if cell[0] == values["cell"]]
            codes = [str(row["community"]) for row in cells]
        case "people" if not values["everywhere"]:
            codes = list(rows.listed(values["communities"]))
        case _:
            return None
    return frozenset(numbers[code] for code in codes if code in numbers)


def _overlaps(communities: frozenset[int] | None, horizon: frozenset[int]) -> bool:
    return communities is None or bool(communities & horizon)


def _permit(edit: RecordEdit, communities: frozenset[int] | None) -> None:
    """What has no community yet, such as a community that comes, is nobody's part of the city."""
    if edit.within is not None and not (communities and communities <= edit.within):
        raise NotPermitted(edits.OTHERS_RECORD())


def _found(connection: sa.Connection, kind: str, key: Key) -> RegistryRecord | None:
    own: Mapping[str, sa.ColumnElement[bool]] = {}
    if kind == "facilities":
        own = {kind: tables.facility.c.code == key[0]}
    elif kind == "points":
        own = _of_point(key)
    present = rows.present(connection, _with_cells(kind), where=own)
    values = present[kind].get(key)
    if values is None:
        return None
    number = None
    form = rows.COLLECTIONS[kind]
    if form.numbered and kind != "points":
        where = [column == part for column, part in zip(form.key_columns(), key, strict=True)]
        number = connection.execute(sa.select(form.table.c.number).where(*where)).scalar_one()
    return RegistryRecord(
        kind=kind,
        code="/".join(key),
        number=number,
        active=_is_active(kind, values),
        mark=mark_of(values),
        fields=exporter.record_of(kind, key, values),
        communities=_communities(kind, key, values, present, _community_numbers(connection)),
    )


def _since(taken: Mapping[str, str], before: RowValues, day: str) -> dict[str, str]:
    """The day of a change of holder, where nobody names another."""
    if "holder" not in taken or "since" in taken:
        return {}
    return {"since": day} if taken["holder"] != (before["holder"] or "") else {}


def _turn(kind: str, key: Key, before: RowValues, after: RowValues) -> list[Change]:
    """A record that ends or returns."""
    change = difference(kind, key, before, after)
    if change is None:
        return []
    return [change if after["active"] else replace(change, kind=ChangeKind.RETIRE)]


def _write(connection: sa.Connection, changes: Sequence[Change], what: str, actor: str, now_ms: int) -> None:
    carry_out(connection, changes, now_ms)
    first = changes[0]
    ref = f"{first.collection} {'/'.join(first.key)}"
    record(connection, actor=actor, what=what, ref=ref, detail=str(len(changes)), now_ms=now_ms)
    history.remember(connection, changes, actor, now_ms)


# --- what hangs on a record ------------------------------------------------------------------------------------------


def _refuse_if_named(connection: sa.Connection, kind: str, key: Key) -> None:
    """Refuse to end what something in use refers to.

    Raises:
        Refused: with how many and some of them.
    """
    facility, person = tables.facility, tables.person
    owner = {"villages": "village", "departments": "department"}.get(kind)
    named: list[str] = []
    if owner is not None:
        where = (facility.c.owner_kind == owner, facility.c.owner == key[0], facility.c.active)
        named += connection.execute(sa.select(facility.c.code).where(*where)).scalars()
    if kind == "departments":
        staff = sa.select(person.c.code).where(person.c.department == key[0], person.c.active)
        named += connection.execute(staff).scalars()
    if kind == "facilities":
        number = sa.select(facility.c.number).where(facility.c.code == key[0]).scalar_subquery()
        children = sa.select(facility.c.code).where(facility.c.parent == number, facility.c.active)
        named += connection.execute(children).scalars()
        gateway = tables.gateway
        stands_for = sa.select(gateway.c.node_id).where(gateway.c.facility == number)
        named += connection.execute(stands_for).scalars()
    if named:
        raise Refused(edits.STILL_NAMED(count=len(named), examples=", ".join(sorted(named)[:_EXAMPLES])))


def _with_it(
    connection: sa.Connection, kind: str, key: Key, present: Present, day: str, *, active: bool
) -> list[Change]:
    """What changes with a record that ends or returns: the posts of a person, the points of a facility."""
    if kind == "people" and not active:
        held = [(post, values) for post, values in present["posts"].items() if values["holder"] == key[0]]
        return [
            Change(
                kind=ChangeKind.CHANGE,
                collection="posts",
                key=post,
                before={"holder": values["holder"], "since": values["since"]},
                after={"holder": None, "since": day},
            )
            for post, values in held
            if values["active"]
        ]
    if kind != "facilities":
        return []
    turn = ChangeKind.CHANGE if active else ChangeKind.RETIRE
    return [
        Change(
            kind=turn, collection="points", key=(key[0], point), before={"active": not active}, after={"active": active}
        )
        for point in _points(connection, key[0], active=active)
    ]


def _points(connection: sa.Connection, code: str, *, active: bool) -> list[str]:
    """Points of a facility that end with it; or those that ended in the moment in which it did."""
    point, facility, past = tables.point, tables.facility, tables.history
    if not active:
        query = sa.select(point.c.key).join(facility, facility.c.number == point.c.facility)
        return list(connection.execute(query.where(facility.c.code == code, point.c.active)).scalars())
    ended = (past.c.kind == ChangeKind.RETIRE.value, past.c.field == "active")
    when = sa.select(sa.func.max(past.c.at_ms)).where(past.c.collection == "facilities", past.c.record == code, *ended)
    names = sa.select(past.c.record).where(
        past.c.collection == "points",
        past.c.record.startswith(f"{code}/", autoescape=True),
        past.c.at_ms == when.scalar_subquery(),
        *ended,
    )
    keys = sorted({name.partition("/")[2] for name in connection.execute(names).scalars()})
    still = sa.select(point.c.key).join(facility, facility.c.number == point.c.facility)
    still = still.where(facility.c.code == code, sa.not_(point.c.active), point.c.key.in_(keys))
    return list(connection.execute(still).scalars())
