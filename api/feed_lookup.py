"""Lines of the change feed with what they are about, looked up once for all readers."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from api import views
from api.models.alarms import AlarmSummary
from api.models.cases import CaseSummary, TaskSummary
from api.models.stream import AlarmEvent, CaseEvent, FlagEvent, TaskEvent
from api.outbox import Change
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from core.cases import THE_SYSTEM
from core.ports.feed import FeedEntry, FeedKind

_LOOKED_UP = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One line of the feed, ready to send: for its owner and for everybody else."""

    id: int
    community: int
    owner: int | None
    for_owner: Change
    for_others: Change

    def as_seen_by(self, person: int | None) -> Change:
        """The change as this person sees it: a task says whether it is theirs."""
        return self.for_owner if person is not None and person == self.owner else self.for_others


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What a line is about; nothing in a storm, or when it is gone."""

    alarm: AlarmSummary | None = None
    case: CaseSummary | None = None
    task: TaskSummary | None = None


class FeedLookup:
    """Reads the feed and looks up what each line is about."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join dispatch and places."""
        self._ports = ports
        self._places = places

    def after(self, after: int, limit: int, communities: frozenset[int] | None) -> list[Seen]:
        """Lines after an id. In a storm only the first hundred things are looked up; the rest say that they changed.

        Raises:
            core.errors.Unavailable: if dispatch or the registry does not answer.
        """
        entries = self._ports.cases.feed(after, limit, communities)
        if not entries:
            return []
        places, now_ms = self._places.now(), self._ports.clock.now_ms()
        found: dict[tuple[FeedKind, str], _Found] = {}
        seen: list[Seen] = []
        for entry in entries:
            key = (entry.kind, entry.ref)
            if key not in found:
                found[key] = _Found() if len(found) >= _LOOKED_UP else self._look_up(entry, places, now_ms)
            seen.append(_seen(entry, found[key]))
        return seen

    def _look_up(self, entry: FeedEntry, places: Places, now_ms: int) -> _Found:
        match entry.kind:
            case FeedKind.ALARM:
                alarm = self._ports.cases.alarm(entry.ref)
                return _Found(alarm=None if alarm is None else views.alarm(alarm.alarm, places))
            case FeedKind.CASE:
                case = self._ports.cases.case(int(entry.ref))
                return _Found(case=None if case is None else views.case(case.case, places, now_ms))
            case FeedKind.TASK:
                task = self._ports.cases.task(int(entry.ref), THE_SYSTEM)
                return _Found(task=None if task is None else views.task(task.task, places, None, now_ms))
            case FeedKind.FLAG:
                return _Found()


def _seen(entry: FeedEntry, found: _Found) -> Seen:
    return Seen(
        id=entry.id,
        community=entry.community,
        owner=entry.owner,
        for_owner=_change(entry, found, mine=True),
        for_others=_change(entry, found, mine=False),
    )


def _change(entry: FeedEntry, found: _Found, *, mine: bool) -> Change:
    event: BaseModel
    match entry.kind:
        case FeedKind.ALARM:
            event = AlarmEvent(id=entry.ref, what=entry.what, at_ms=entry.at_ms, alarm=found.alarm)
        case FeedKind.CASE:
            event = CaseEvent(id=int(entry.ref), what=entry.what, at_ms=entry.at_ms, case=found.case)
        case FeedKind.TASK:
            task = None if found.task is None else found.task.model_copy(update={"mine": mine})
            event = TaskEvent(id=int(entry.ref), what=entry.what, at_ms=entry.at_ms, task=task)
        case FeedKind.FLAG:
            event = FlagEvent(id=int(entry.ref), what=entry.what, at_ms=entry.at_ms, facility=entry.facility)
    return Change(id=entry.id, kind=entry.kind.value, ref=entry.ref, data=event.model_dump_json())
