"""What somebody of a department may do and see: their department's own, and nothing else.

The department is that of the login, never one that the request names. No name of a person and no telephone number
leaves here: numbers that stand in words of others are hidden.
"""

from __future__ import annotations

import re

from api import burdens
from api.access import Caller
from api.histories import MONTH_MS, asked_range
from api.intake_desk import IntakeDesk
from api.intake_views import answer_view, event_view, photo_view
from api.models.base import Bilingual, Page, severity_name
from api.models.departments import OwnCase, OwnIntake, OwnList, OwnStep, OwnTask, ReferralAnswer
from api.models.intakes import BurdenReport, EventList, HandedDownRequest, LogAnswerView, PhotoView, ReasonView
from api.places import PlaceBook, Places
from api.ports import ApiPorts
from api.problem_kinds import Problems
from api.problems import ProblemError
from core.errors import Refused
from core.exchange import PARTNER
from core.intake import HANDED_DOWN, IN_DEPARTMENT, REASONS, Decider, SourceKind, Verdict
from core.ports import intake as rows
from core.ports.registry import Owner, OwnerKind, PageRequest

_NUMBER = re.compile(r"(?<![A-Z]-)(?<!\d)(?!(?:19|20)\d{2}-\d{1,2}-\d{1,2}(?!\d))\+?\d(?:[\s()-]{0,2}\d){6,}")
"""Seven digits and more, however they are grouped: telephone numbers, and those of identity cards with them; no day
(``2026-11-30``) and no number of ours (``C-2026-000017``)."""
HIDDEN = "•••"


def without_numbers(words: str) -> str:
    """Words with everything hidden that may be a telephone number."""
    return _NUMBER.sub(HIDDEN, words)


class DepartmentDesk:
    """The work of departments; nobody reaches an intake of another one, or outside their communities."""

    def __init__(self, ports: ApiPorts, places: PlaceBook, intakes: IntakeDesk) -> None:
        """Join dispatch and places; ``intakes`` files what is handed down."""
        self._ports = ports
        self._places = places
        self._intakes = intakes

    def events(self, source: SourceKind) -> EventList:
        """What departments may ask for.

        Raises:
            ProblemError: ``REFUSED`` for what is not handed down.
        """
        if source not in HANDED_DOWN:
            raise ProblemError(Problems.REFUSED)
        return EventList(items=[event_view(one) for one in self._ports.intakes.events(source)])

    def hand_down(self, caller: Caller, body: OwnTask, key: str) -> OwnIntake:
        """File a task of the caller's department.

        Raises:
            ProblemError: ``NOT_FOUND`` for a community out of sight, ``REFUSED`` if the department has ended.
        """
        mine = _own(caller)
        asked = HandedDownRequest(department=mine, **body.model_dump())
        if caller.sees(body.community) and mine not in {one.code for one in self._ports.book.departments()}:
            raise ProblemError(Problems.REFUSED)
        return self._shown(self._intakes.handed(caller, asked, key), mine)

    def page(self, caller: Caller, page: PageRequest, show: OwnList, community: int | None) -> Page[OwnIntake]:
        """What the department handed down, or what was referred to it; newest first."""
        mine = _own(caller)
        where = rows.IntakeFilter(
            communities=caller.narrowed(community),
            department=mine if show is OwnList.HANDED else "",
            referred=mine if show is OwnList.REFERRED else "",
        )
        try:
            got = self._ports.intakes.intakes(where, page)
        except Refused as error:
            raise ProblemError(Problems.BAD_CURSOR) from error
        return Page(items=[self._shown(row, mine) for row in got.items], next_cursor=got.next_cursor or None)

    def one(self, caller: Caller, number: int) -> OwnIntake:
        """One of them."""
        return self._shown(self._seen(caller, number), _own(caller))

    def answer(self, caller: Caller, number: int, body: ReferralAnswer) -> OwnIntake:
        """Take what was referred to the department, or give it back; what it shows then is the last of it."""
        self._seen(caller, number)
        ruling = rows.Ruling(
            number=number,
            verdict=Verdict.TAKEN if body.take else Verdict.WAIT,
            actor=caller.actor,
            words=body.words,
            department=_own(caller),
            decider=Decider.DEPARTMENT,
        )
        return self._shown(self._ports.intakes.rule(ruling, self._ports.clock.now_ms()), _own(caller))

    def burden(self, caller: Caller, community: int | None, from_ms: int | None, to_ms: int | None) -> BurdenReport:
        """What the department asked of communities; of 30 days unless told otherwise."""
        mine = _own(caller)
        if community is not None and not caller.sees(community):
            raise ProblemError(Problems.NOT_FOUND)
        begin_ms, end_ms = asked_range(from_ms, to_ms, self._ports.clock.now_ms(), MONTH_MS)
        found = self._ports.intakes.burden(begin_ms, end_ms, caller.narrowed(community), mine)
        items = burdens.shown(found, self._places.now(), self._name)
        return BurdenReport(from_ms=begin_ms, to_ms=end_ms, items=items)

    def may_attach(self, caller: Caller, number: int, key: str) -> None:
        """Refuse a photo of what the caller has not handed in, before it is read."""
        _own(caller)
        self._intakes.may_attach(caller, number, key)

    def attach(self, caller: Caller, number: int, key: str, data: bytes) -> PhotoView:
        """Add a photo to what the caller has handed in."""
        return self._intakes.attach(caller, number, key, data)

    def photo(self, caller: Caller, number: int, position: int) -> tuple[str, bytes]:
        """Media type and bytes of a photo."""
        self._seen(caller, number)
        found = self._ports.photos.photo(number, position, caller.horizon)
        if found is None:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    # --- inside ---------------------------------------------------------------------------------------------------

    def _seen(self, caller: Caller, number: int) -> rows.IntakeRow:
        """An intake that the department handed down or has; every other does not exist."""
        mine, found = _own(caller), self._ports.intakes.intake(number, caller.horizon)
        if found is None or not caller.sees(found.community):
            raise ProblemError(Problems.NOT_FOUND)
        has_it = found.referred == mine and found.verdict in IN_DEPARTMENT
        if found.department != mine and not has_it:
            raise ProblemError(Problems.NOT_FOUND)
        return found

    def _name(self, code: str) -> Bilingual:
        return Bilingual.of(self._ports.book.owner_name(Owner(kind=OwnerKind.DEPARTMENT, code=code)))

    def _shown(self, row: rows.IntakeRow, mine: str) -> OwnIntake:
        places, own = self._places.now(), row.department == mine
        return OwnIntake(
            id=row.number,
            code=row.code,
            own=own,
            source=row.source,
            event=row.event,
            say=Bilingual.of(row.say),
            severity=severity_name(row.severity),
            verdict=row.verdict,
            reasons=[ReasonView(key=one, say=Bilingual.of(REASONS[one])) for one in row.reasons],
            community=places.community_ref(row.community),
            facility=places.facility_ref(row.facility) if row.facility else None,
            longitude=row.longitude,
            latitude=row.latitude,
            words=row.words if own and not row.actor.startswith(PARTNER) else without_numbers(row.words),
            handed_down_by=self._name(row.department) if row.department else None,
            ref=row.ref,
            minutes=row.minutes,
            time_ms=row.at_ms,
            decided_ms=row.decided_ms,
            ruling=without_numbers(row.ruling),
            referred_name=self._name(row.referred) if row.referred else None,
            steps=[self._step(one) for one in row.steps],
            case=None if row.case_now is None else _case(row.case_now),
            answer=self._answer(row, places, own=own),
            photos=[photo_view(one) for one in row.photos],
        )

    def _answer(self, row: rows.IntakeRow, places: Places, *, own: bool) -> LogAnswerView | None:
        return answer_view(row.answer, places) if own and row.answer is not None else None

    def _step(self, one: rows.IntakeStep) -> OwnStep:
        return OwnStep(
            time_ms=one.at_ms,
            before=one.before,
            after=one.after,
            department_name=self._name(one.department) if one.department else None,
            words=without_numbers(one.words),
        )


def _own(caller: Caller) -> str:
    """The department of the login.

    Raises:
        ProblemError: ``NOT_PERMITTED`` for a login that has none.
    """
    if not caller.login.department:
        raise ProblemError(Problems.NOT_PERMITTED)
    return caller.login.department


def _case(one: rows.CaseNow) -> OwnCase:
    return OwnCase(code=one.code, state=one.state, ended_ms=one.closed_ms, late=one.late)
