"""What can be reported or handed down and whose work it is, read from ``dispatch/intake.yaml``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from core.alarms import Severity
from core.errors import Invalid
from core.findings import Finding, Said, Sentence
from core.intake import BY_THEMSELVES, Category, Duty, Event, SourceKind
from core.places import Grid, Text
from dispatch import intake_findings as kinds
from dispatch.bookfile import table_of, text_of

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

OTHER: Final = "other"
"""The event that fits where no other does; every table has it."""
_FILE: Final = "dispatch/intake.yaml"
_EVENT_FIELDS = frozenset(
    {"event", "say", "severity", "lead", "support", "from", "classes", "duty", "category", "like"}
)
_DUTY_FIELDS = frozenset({"department", "event", "duty"})
_NAME = re.compile(r"[a-z0-9_]{1,40}")
"""What the tables keep and the API tells."""
_EVERYBODY = frozenset({SourceKind.WORKER, SourceKind.RESIDENT, SourceKind.DEPARTMENT})

_FIELDS_ARE = Sentence("字段应为 {known}", "its fields are {known}")
_ONE_OF = Sentence("{field} 应为 {known} 之一", "{field} must be one of {known}")
_NAMED = Sentence(
    "event 只能用小写字母、数字和下划线，最多 40 个",
    "`event` is made of small letters, digits and underscores, at most 40",
)
_BOTH = Sentence("say 须有中文和英文", "`say` needs Chinese and English")
_URGENT = Sentence("high 和 critical 的事项只能由网格承担", "what is high or critical is always the grids' duty")
_NO_EVENT = Sentence("没有事项 {event}", "there is no event {event}")
_NO_OTHER = Sentence("缺少 other", "`other` is missing")


@dataclass(frozen=True, kw_only=True, slots=True)
class IntakeBook:
    """The table.

    Attributes:
        events: by name, in the order of the table.
        duties: by department and event, where a department differs.
    """

    events: Mapping[str, Event]
    duties: Mapping[tuple[str, str], Duty] = field(default_factory=dict)

    def duty(self, department: str, event: Event) -> Duty:
        """Whose work an event is; what is urgent is always the grids'."""
        if event.severity >= Severity.HIGH:
            return Duty.GRID
        return self.duties.get((department, event.key), event.duty)

    def for_source(self, source: SourceKind, class_id: str | None = None) -> tuple[Event, ...]:
        """What a source may report or ask for; at a facility of a class, if one is named."""
        mine = (one for one in self.events.values() if source in one.sources)
        return tuple(one for one in mine if class_id is None or one.concerns(class_id))


@cache
def load_intake() -> IntakeBook:
    """The table that ships with dispatch.

    Raises:
        Invalid: naming everything that is wrong in it.
    """
    return parse_intake(files("dispatch").joinpath("intake.yaml").read_text(encoding="utf-8"), _FILE)


def read_intake(path: Path) -> IntakeBook:
    """A city's own table.

    Raises:
        Invalid: if it cannot be read, or naming everything that is wrong in it.
    """
    text = text_of(path, lambda problem: kinds.INTAKE_UNREADABLE.at(str(path), problem=problem))
    return parse_intake(text, str(path))


def parse_intake(text: str, file: str) -> IntakeBook:
    """Read a table.

    Raises:
        Invalid: naming every row that is wrong, with its number.
    """
    raw = table_of(text, file, kinds.INTAKE_NO_TABLE)
    listed, more = raw.get("events"), raw.get("duties") or []
    if not isinstance(listed, list) or not isinstance(more, list):
        raise Invalid([kinds.INTAKE_NO_TABLE.at(file)])
    findings: list[Finding] = []
    events: dict[str, Event] = {}
    duties: dict[tuple[str, str], Duty] = {}
    for number, item in enumerate(listed, start=1):
        event = _read("events", number, item, _event, file, findings)
        if event is not None:
            _once(events, event.key, event, ("events", number, event.key), file, findings)
    for number, item in enumerate(more, start=1):
        found = _read("duties", number, item, lambda one: _duty(one, events), file, findings)
        if found is not None:
            _once(duties, found[0], found[1], ("duties", number, "/".join(found[0])), file, findings)
    if OTHER not in events and not findings:
        findings.append(kinds.INTAKE_ROW.at(file, part="events", row=len(listed), problem=_NO_OTHER()))
    if findings:
        raise Invalid(findings)
    return IntakeBook(events=events, duties=duties)


class _WrongRowError(Exception):
    def __init__(self, problem: Said) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _read(part: str, number: int, item: Any, read: Callable[[Any], T], file: str, findings: list[Finding]) -> T | None:
    try:
        return read(item)
    except _WrongRowError as error:
        findings.append(kinds.INTAKE_ROW.at(file, part=part, row=number, problem=error.problem))
        return None


def _once(found: dict[K, V], key: K, value: V, place: tuple[str, int, str], file: str, findings: list[Finding]) -> None:
    if key in found:
        findings.append(kinds.INTAKE_TWICE.at(file, part=place[0], row=place[1], name=place[2]))
    found[key] = value


def _event(item: Any) -> Event:
    _check_fields(item, _EVENT_FIELDS, ("event", "say", "severity", "lead"))
    if not _NAME.fullmatch(str(item["event"])):
        raise _WrongRowError(_NAMED())
    severity = Severity[_word("severity", item["severity"], [one.name.lower() for one in Severity]).upper()]
    duty = Duty(_word("duty", item.get("duty", Duty.GRID.value), list(Duty)))
    if severity >= Severity.HIGH and duty is not Duty.GRID:
        raise _WrongRowError(_URGENT())
    say = item["say"]
    if not (isinstance(say, dict) and say.get("zh") and say.get("en")):
        raise _WrongRowError(_BOTH())
    lead, support = Grid(_word("lead", item["lead"], list(Grid))), item.get("support")
    origins = item.get("from")
    allowed = [one for one in SourceKind if one not in BY_THEMSELVES]
    return Event(
        key=str(item["event"]),
        say=Text(zh=str(say["zh"]), en=str(say["en"])),
        severity=severity,
        lead=lead,
        support=None if support is None else Grid(_word("support", support, [lead.other])),
        sources=_EVERYBODY
        if origins is None
        else frozenset(SourceKind(_word("from", one, allowed)) for one in _list("from", origins)),
        classes=frozenset(str(one) for one in _list("classes", item.get("classes", []))),
        duty=duty,
        category=Category(_word("category", item.get("category", Category.OTHER.value), list(Category))),
        like=str(item.get("like", "")),
    )


def _duty(item: Any, events: Mapping[str, Event]) -> tuple[tuple[str, str], Duty]:
    _check_fields(item, _DUTY_FIELDS, ("department", "event", "duty"))
    event, duty = str(item["event"]), Duty(_word("duty", item["duty"], list(Duty)))
    if event not in events:
        raise _WrongRowError(_NO_EVENT(event=event))
    if events[event].severity >= Severity.HIGH and duty is not Duty.GRID:
        raise _WrongRowError(_URGENT())
    return (str(item["department"]), event), duty


def _check_fields(item: Any, known: frozenset[str], needed: Sequence[str]) -> None:
    if not isinstance(item, dict) or set(item) - known or any(not item.get(name) for name in needed):
        raise _WrongRowError(_FIELDS_ARE(known=", ".join(sorted(known))))


def _word(name: str, value: Any, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise _WrongRowError(_ONE_OF(field=name, known=", ".join(known)))
    return value


def _list(name: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise _WrongRowError(_ONE_OF(field=name, known="[…]"))
    return value
