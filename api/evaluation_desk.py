"""The evaluation of cases, for pages, spreadsheets and paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from api import burdens
from api import evaluation_texts as say
from api.access import Caller
from api.evaluation_paper import paper
from api.evaluation_tables import NameOf, named, sheets
from api.evaluation_workbook import workbook
from api.histories import MONTH_MS, asked_range
from api.models import evaluation as models
from api.models.base import Bilingual, PersonRef
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.findings import Said, Speaks
from core.places import Text
from core.ports import evaluation as rows
from core.ports.evaluation import Part
from core.ports.intake import Burden
from core.ports.registry import Owner, OwnerKind

ENOUGH = 20
"""Below it a share is shown by its counts alone; that of ``dispatch.peers.Bounds``."""
_LONGEST_MS = 400 * 86_400_000
"""A year and a month: all facts of the span are held at once."""
_LAST_MS = 253_370_000_000_000
"""In the year 9998: moments behind it have no date everywhere."""


class EvaluationDesk:
    """Answers how well cases are dealt with; nobody sees beyond their communities."""

    def __init__(self, ports: ApiPorts, places: PlaceBook) -> None:
        """Join cases and places."""
        self._ports = ports
        self._places = places

    def report(
        self, caller: Caller, *, community: int | None, from_ms: int | None, to_ms: int | None
    ) -> models.CaseEvaluation:
        """The measures of a span; the last 30 days unless told otherwise."""
        found = self._found(caller, community, from_ms, to_ms)
        places = self._places.now()
        name_of = self._name_of(places)
        lines = {part: [_line(one, part, name_of) for one in found.parts.get(part, ())] for part in Part}
        return models.CaseEvaluation(
            from_ms=found.from_ms,
            to_ms=found.to_ms,
            known_ms=found.known_ms,
            enough=ENOUGH,
            whole=_line(found.whole, None, name_of),
            communities=lines[Part.COMMUNITY],
            cells=lines[Part.CELL],
            workers=lines[Part.WORKER],
            departments=lines[Part.DEPARTMENT],
            burdens=burdens.shown(self._burden(caller, community, found), places, self._department),
            trainings=[_training(one, places) for one in found.trainings],
        )

    def workbook(
        self, caller: Caller, language: str, *, community: int | None, from_ms: int | None, to_ms: int | None
    ) -> bytes:
        """The same as an Excel workbook."""
        found = self._found(caller, community, from_ms, to_ms)
        asked = self._burden(caller, community, found)
        tables = sheets(found, asked, self._name_of(self._places.now()))
        return workbook(tables, self._heading(found), ENOUGH, language)

    def paper(
        self, caller: Caller, language: str, *, community: int | None, from_ms: int | None, to_ms: int | None
    ) -> bytes:
        """The same as a PDF."""
        found = self._found(caller, community, from_ms, to_ms)
        asked = self._burden(caller, community, found)
        return paper(found, asked, self._heading(found), self._name_of(self._places.now()), ENOUGH, language)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _found(self, caller: Caller, community: int | None, from_ms: int | None, to_ms: int | None) -> rows.Evaluation:
        if community is not None and not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        now_ms = self._ports.clock.now_ms()
        begin_ms, end_ms = asked_range(from_ms, to_ms, now_ms, MONTH_MS)
        if end_ms - begin_ms > _LONGEST_MS:
            raise ProblemError(Problems.RANGE_TOO_LARGE)
        return self._ports.evaluations.evaluate(begin_ms, end_ms, now_ms, caller.narrowed(community))

    def _heading(self, found: rows.Evaluation) -> Said:
        year = datetime.fromtimestamp(min(found.to_ms, _LAST_MS) / 1000, ZoneInfo("UTC")).year
        zone = ZoneInfo(self._ports.calendars.year(year).zone)

        def text(at_ms: int, shape: str) -> str:
            return datetime.fromtimestamp(min(max(at_ms, 0), _LAST_MS) / 1000, zone).strftime(shape)

        return say.SPAN(
            begin=text(found.from_ms, "%Y-%m-%d"),
            end=text(found.to_ms - 1, "%Y-%m-%d"),
            known=text(found.known_ms, "%Y-%m-%d %H:%M"),
        )

    def _name_of(self, places: Places) -> NameOf:
        cells = {one.code: one.name for one in self._ports.registry.cells()}

        def name_of(part: Part, key: str) -> Text | None:
            if part is Part.COMMUNITY:
                one = places.communities.get(int(key))
                return None if one is None else one.name
            if part is Part.CELL:
                return cells.get(key)
            if part is Part.WORKER:
                person = places.people.get(int(key))
                return None if person is None else person.name
            return self._ports.book.owner_name(Owner(kind=OwnerKind.DEPARTMENT, code=key))

        return name_of

    def _burden(self, caller: Caller, community: int | None, found: rows.Evaluation) -> Sequence[Burden]:
        """What departments asked for in the span, as the gate counts it."""
        return self._ports.intakes.burden(found.from_ms, found.to_ms, caller.narrowed(community))

    def _department(self, code: str) -> Bilingual:
        return Bilingual.of(self._ports.book.owner_name(Owner(kind=OwnerKind.DEPARTMENT, code=code)))


def _bilingual(name: object) -> Bilingual:
    if isinstance(name, Speaks):
        return Bilingual(zh=name.in_language("zh"), en=name.in_language("en"))
    return Bilingual(zh=str(name), en=str(name))


def _line(one: rows.Line, part: Part | None, name_of: NameOf) -> models.EvaluationLine:
    return models.EvaluationLine(
        key=one.key,
        name=_bilingual(say.WHOLE if part is None else named(part, one.key, name_of)),
        cases=one.cases,
        ended=one.ended,
        tasks=one.tasks,
        load=one.load,
        labour_min=one.labour_min,
        spent_fen=one.spent_fen,
        waited_ms=one.waited_ms,
        blind_ms=one.blind_ms,
        shares=[_share(share) for share in one.shares],
        scores=list(one.scores),
    )


def _share(one: rows.Share) -> models.Share:
    return models.Share(
        indicator=one.indicator,
        tally=_tally(one.tally),
        value=one.value,
        low=one.low,
        high=one.high,
        standing=one.standing,
        peers=None if one.peers is None else _tally(one.peers),
    )


def _tally(one: rows.Tally) -> models.Tally:
    return models.Tally(part=one.part, whole=one.whole, excused=one.excused)


def _training(one: rows.Training, places: Places) -> models.Training:
    known = places.person_ref(one.person)
    return models.Training(
        person=known or PersonRef(id=one.person, name=Bilingual(zh=f"#{one.person}", en=f"#{one.person}")),
        skill=one.skill,
        reason=one.reason,
        own=_tally(one.own),
        peers=_tally(one.peers),
        saved=one.saved,
    )
