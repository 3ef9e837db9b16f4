"""The gate: whose duty, about what open case, who can bear it; what is urgent passes; burden is counted."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alarms import Severity
from core.errors import Invalid
from core.intake import HANDED_DOWN, REASONS, Duty, Reason, SourceKind, Verdict
from dispatch.admission import Asked, Load, OpenCase, Spot, alike, decide
from dispatch.burden import Handed, Spent, burdens
from dispatch.intakebook import load_intake, parse_intake
from dispatch.policy import Policy
from dispatch.worktime import HOUR_MS

POLICY = Policy()
BOOK = load_intake()
NOON = 1_795_000_000_000
HERE = Spot(112.25, 31.72)
LAMP = BOOK.events["light_lamp"]
FREE = Load(cell_open=0, cell_people=1, community_open=3, community_people=8)


def metres_north(metres: float) -> Spot:
    """A place so far north of ``HERE``."""
    return Spot(HERE.longitude, HERE.latitude + math.degrees(metres / 6_371_008.8))


def asked(event: str = "light_lamp", source: SourceKind = SourceKind.WORKER, **values: object) -> Asked:
    """A report of a lamp at facility 7 in community 1, unless said otherwise."""
    given: dict[str, object] = {"community": 1, "at_ms": NOON, "facility": 7, "spot": HERE}
    return Asked(event=BOOK.events[event], source=source, **(given | values))  # type: ignore[arg-type]


def open_case(number: int = 1, family: str = "light_lamp", **values: object) -> OpenCase:
    """An open case of facility 7, an hour old, unless said otherwise."""
    given: dict[str, object] = {
        "community": 1,
        "opened_ms": NOON - HOUR_MS,
        "facilities": frozenset({7}),
        "spot": HERE,
    }
    return OpenCase(number=number, family=family, **(given | values))  # type: ignore[arg-type]


# --- duty -------------------------------------------------------------------------------------------------------


def test_what_a_department_must_do_itself_goes_back() -> None:
    """Duty goes before everything: no search for a case, no load."""
    found = decide(asked("enforcement", SourceKind.DEPARTMENT), Duty.DEPARTMENT, [open_case()], FREE, POLICY)
    assert (found.verdict, found.reasons) == (Verdict.RETURN, (Reason.NOT_THEIR_DUTY,))


def test_what_the_log_knows_is_answered_by_it() -> None:
    """An assessment that wants figures sends nobody anywhere."""
    event = BOOK.events["work_report"]
    found = decide(
        asked("work_report", SourceKind.INSPECTION, facility=0, spot=None), BOOK.duty("hb", event), [], FREE, POLICY
    )
    assert (found.verdict, found.reasons) == (Verdict.ANSWER, (Reason.IN_THE_LOG,))


def test_an_unclear_duty_waits_for_a_gatekeeper() -> None:
    """Somebody settles it, with the figures beside it."""
    found = decide(asked("assist", SourceKind.DEPARTMENT, facility=0), Duty.UNCLEAR, [], FREE, POLICY)
    assert (found.verdict, found.reasons, found.load) == (Verdict.WAIT, (Reason.UNCLEAR_DUTY,), FREE)


def test_a_department_may_have_an_agreement_of_its_own() -> None:
    """A row of a department goes before what the event says; urgent events know no such row."""
    text = (
        "events:\n"
        "  - {event: other, severity: low, lead: governance, say: {zh: 其他, en: Other}}\n"
        "  - {event: fire, severity: high, lead: governance, say: {zh: 火, en: Fire}}\n"
        "duties: [{department: hb, event: other, duty: department}]\n"
    )
    book = parse_intake(text, "x.yaml")
    assert book.duty("hb", book.events["other"]) is Duty.DEPARTMENT
    assert book.duty("sw", book.events["other"]) is Duty.GRID
    assert book.duty("hb", book.events["fire"]) is Duty.GRID


# --- the same case ----------------------------------------------------------------------------------------------


def test_a_report_joins_the_case_of_its_facility_and_event() -> None:
    """However old that case is; also a case that gathers many facilities."""
    old = open_case(5, opened_ms=NOON - 1000 * HOUR_MS, facilities=frozenset({3, 7, 9}))
    found = decide(asked(), Duty.GRID, [open_case(2, "light_pole"), old], FREE, POLICY)
    assert (found.verdict, found.case, found.reasons) == (Verdict.JOIN, 5, (Reason.SAME_FACILITY,))


@pytest.mark.parametrize(
    ("metres", "hours", "verdict"),
    [(99.9, 23.9, Verdict.JOIN), (100.1, 1, Verdict.ADMIT), (50, 24.1, Verdict.ADMIT), (0, 24, Verdict.JOIN)],
)
def test_without_a_facility_what_is_close_and_recent_is_the_same(metres: float, hours: float, verdict: Verdict) -> None:
    """Within 100 m and 24 h, the bounds of the exchange with 12345."""
    case = open_case(opened_ms=NOON - round(hours * HOUR_MS), spot=metres_north(metres))
    found = decide(asked(facility=0), Duty.GRID, [case], FREE, POLICY)
    assert found.verdict is verdict
    assert found.case == (1 if verdict is Verdict.JOIN else None)


def test_of_several_the_nearest_is_joined() -> None:
    """The others stay in sight."""
    cases = [open_case(number, spot=metres_north(10.0 * number)) for number in (3, 1, 2)]
    same, reason, likely = alike(asked(facility=0), cases, POLICY)
    assert (same, reason, likely) == (1, Reason.NEAR, (2, 3))


def test_another_facility_close_by_is_another_case_for_a_worker() -> None:
    """Whoever stands before the lamp knows which one it is; a resident's word is looked at."""
    other = open_case(facilities=frozenset({8}), spot=metres_north(20))
    by_worker = decide(asked(), Duty.GRID, [other], FREE, POLICY)
    assert (by_worker.verdict, by_worker.candidates) == (Verdict.ADMIT, (1,))
    by_resident = decide(asked(source=SourceKind.RESIDENT), Duty.GRID, [other], FREE, POLICY)
    assert by_resident.verdict is Verdict.WAIT
    assert by_resident.reasons == (Reason.LIKELY, Reason.UNCHECKED)


def test_something_else_never_joins_by_itself() -> None:
    """*Other* close to a case may be that: a suggestion, and no more."""
    found = decide(asked("other", facility=0), Duty.GRID, [open_case(), open_case(2, "other")], FREE, POLICY)
    assert (found.verdict, found.candidates) == (Verdict.ADMIT, (1, 2))


def test_the_same_visit_asked_for_twice_is_seen() -> None:
    """Two departments send people to the same households: a gatekeeper may make one visit of it."""
    visit = open_case(4, "visit", facilities=frozenset(), spot=None, opened_ms=NOON - 200 * HOUR_MS)
    task = asked("visit", SourceKind.DEPARTMENT, facility=0, spot=None)
    assert decide(task, Duty.GRID, [visit], FREE, POLICY).reasons == (Reason.LIKELY,)
    assert decide(replace(task, community=2), Duty.GRID, [visit], FREE, POLICY).verdict is Verdict.ADMIT


# --- load -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "reasons"),
    [
        (Load(cell_open=12, cell_people=1, community_open=12, community_people=2), (Reason.CELL_FULL,)),
        (Load(cell_open=12, cell_people=0, community_open=12, community_people=2), (Reason.CELL_FULL,)),
        (Load(cell_open=23, cell_people=2, community_open=24, community_people=2), (Reason.COMMUNITY_FULL,)),
        (Load(community_open=12), (Reason.COMMUNITY_FULL,)),
        (Load(cell_open=11, cell_people=1, community_open=23, community_people=2), ()),
    ],
)
def test_what_is_handed_down_waits_while_hands_are_full(load: Load, reasons: tuple[Reason, ...]) -> None:
    """Twelve open tasks a head; a vacant post counts as one head, since somebody stands in for it."""
    found = decide(asked("hazard_search", SourceKind.DEPARTMENT), Duty.GRID, [], load, POLICY)
    assert found.reasons == (reasons or (Reason.FREE,))
    assert found.verdict is (Verdict.WAIT if reasons else Verdict.ADMIT)


def test_an_agreed_number_bounds_a_department() -> None:
    """Without an agreement there is no bound."""
    agreed, task = Policy(department_most=8), asked("visit", SourceKind.DEPARTMENT)
    assert decide(task, Duty.GRID, [], replace(FREE, department_given=7), agreed).verdict is Verdict.ADMIT
    assert decide(task, Duty.GRID, [], replace(FREE, department_given=8), agreed).reasons == (Reason.DEPARTMENT_FULL,)
    assert decide(task, Duty.GRID, [], replace(FREE, department_given=800), POLICY).verdict is Verdict.ADMIT


def test_a_report_without_any_place_waits() -> None:
    """Nobody can be sent to nowhere; what is handed down may concern a whole community."""
    nowhere = replace(asked("refuse"), facility=0, spot=None)
    assert decide(nowhere, Duty.GRID, [], FREE, POLICY).reasons == (Reason.NO_PLACE,)
    visit = replace(asked("visit", SourceKind.DEPARTMENT), facility=0, spot=None)
    assert decide(visit, Duty.GRID, [], FREE, POLICY).verdict is Verdict.ADMIT


SOURCES = [one for one in SourceKind if one is not SourceKind.ALARM]
CASES = st.builds(
    OpenCase,
    number=st.integers(1, 50),
    family=st.sampled_from(list(BOOK.events)),
    community=st.integers(1, 3),
    opened_ms=st.integers(NOON - 60 * HOUR_MS, NOON),
    facilities=st.frozensets(st.integers(1, 9), max_size=3),
    spot=st.none() | st.floats(0, 300).map(metres_north),
)
ASKS = st.builds(
    Asked,
    source=st.sampled_from(SOURCES),
    event=st.sampled_from(list(BOOK.events.values())),
    community=st.integers(1, 3),
    at_ms=st.just(NOON),
    facility=st.integers(0, 9),
    spot=st.none() | st.floats(0, 300).map(metres_north),
)
LOADS = st.builds(
    Load,
    cell_open=st.none() | st.integers(0, 40),
    cell_people=st.integers(0, 3),
    community_open=st.integers(0, 400),
    community_people=st.integers(0, 20),
    department_given=st.integers(0, 30),
)


@given(ask=ASKS, cases=st.lists(CASES, max_size=6, unique_by=lambda one: one.number), load=LOADS, data=st.data())
def test_the_gate_is_the_same_gate_for_everybody(
    ask: Asked, cases: list[OpenCase], load: Load, data: st.DataObject
) -> None:
    """Order decides nothing, what is urgent is never held, only what is handed down waits for hands, reasons always."""
    duty = BOOK.duty("", ask.event)
    found = decide(ask, duty, cases, load, POLICY)
    assert decide(ask, duty, data.draw(st.permutations(cases)), load, POLICY) == found
    assert found.reasons
    assert (found.case is not None) == (found.verdict is Verdict.JOIN)
    assert found.case not in found.candidates
    if found.case is not None:
        assert next(one.family for one in cases if one.number == found.case) == ask.event.key
    if ask.event.severity >= Severity.HIGH:
        assert found.verdict in {Verdict.ADMIT, Verdict.JOIN}
    if ask.source not in HANDED_DOWN:
        assert not {Reason.CELL_FULL, Reason.COMMUNITY_FULL, Reason.DEPARTMENT_FULL} & set(found.reasons)
    if found.verdict is Verdict.ADMIT:
        busier = replace(load, community_open=load.community_open + 500, cell_open=(load.cell_open or 0) + 500)
        assert decide(ask, duty, cases, busier, POLICY).verdict in {Verdict.ADMIT, Verdict.WAIT}


# --- the table --------------------------------------------------------------------------------------------------


def test_the_table_that_ships_is_whole() -> None:
    """Everybody can report something else; every reason has its sentence."""
    assert all("other" in {one.key for one in BOOK.for_source(source)} for source in SOURCES[:3])
    assert {one.key for one in BOOK.for_source(SourceKind.INSPECTION)} == {
        "statistics",
        "work_report",
        "site_inspection",
    }
    assert "light_lamp" not in {one.key for one in BOOK.for_source(SourceKind.RESIDENT, "elevator")}
    assert "lift_car" in {one.key for one in BOOK.for_source(SourceKind.RESIDENT, "elevator")}
    assert set(REASONS) == set(Reason)


def test_everything_wrong_in_a_table_is_said_at_once() -> None:
    """With the part and the number of the row."""
    text = (
        "events:\n"
        "  - {event: a, severity: mild, lead: governance, say: {zh: 甲, en: A}}\n"
        "  - {event: b, severity: low, lead: governance, say: {zh: 乙}}\n"
        "  - {event: c, severity: high, lead: governance, duty: log, say: {zh: 丙, en: C}}\n"
        "  - {event: d, severity: low, lead: governance, support: governance, say: {zh: 丁, en: D}}\n"
        "  - {event: e, severity: low, lead: governance, colour: red, say: {zh: 戊, en: E}}\n"
        "  - {event: f, severity: low, lead: governance, from: [alarm], say: {zh: 己, en: F}}\n"
        "  - {event: g, severity: low, lead: governance, say: {zh: 庚, en: G}}\n"
        "  - {event: g, severity: low, lead: governance, say: {zh: 庚, en: G}}\n"
        "  - {event: 漏水, severity: low, lead: governance, say: {zh: 辛, en: H}}\n"
        "duties: [{department: hb, event: nothing, duty: grid}, 7]\n"
    )
    with pytest.raises(Invalid) as caught:
        parse_intake(text, "mine.yaml")
    rows = [(one.code, one.values["part"], one.values["row"]) for one in caught.value.findings]
    assert rows == [
        *[("TG-3141", "events", row) for row in (1, 2, 3, 4, 5, 6)],
        ("TG-3142", "events", 8),
        ("TG-3141", "events", 9),
        ("TG-3141", "duties", 1),
        ("TG-3141", "duties", 2),
    ]
    for language in ("zh", "en"):
        assert all(one.what_in(language) and one.fix_in(language) for one in caught.value.findings)
    for broken in ("", "events: 3", "[", "events: []"):
        with pytest.raises(Invalid):
            parse_intake(broken, "mine.yaml")


# --- burden -----------------------------------------------------------------------------------------------------


def test_the_burden_of_a_department_is_what_its_cases_cost() -> None:
    """What joined a case of somebody else, was returned or answered costs nothing; reports are no burden."""
    down = SourceKind.DEPARTMENT
    rows = [
        Handed("hb", 1, down, Verdict.ADMIT, 120, 11),
        Handed("hb", 1, down, Verdict.ADMIT, 60, 12),
        Handed("hb", 1, down, Verdict.JOIN, 30, None),
        Handed("hb", 1, SourceKind.INSPECTION, Verdict.ANSWER, 0, None),
        Handed("hb", 2, down, Verdict.RETURN, 90, None),
        Handed("sw", 1, down, Verdict.WAIT, 10, None),
        Handed("", 1, SourceKind.RESIDENT, Verdict.ADMIT, 0, 13),
        Handed("sw", 1, down, Verdict.REFER, 0, None),
        Handed("sw", 1, down, Verdict.TAKEN, 0, None),
    ]
    cases = {11: Spent(2, 2, 95, late=True), 12: Spent(1, 0, 0, late=False), 13: Spent(2, 2, 50, late=False)}
    found = burdens(rows, cases, {1: 8})
    assert [(one.department, one.community) for one in found] == [("hb", 1), ("sw", 1), ("hb", 2)]
    first = found[0]
    assert (found[1].asked, found[1].waiting, found[1].referred, found[1].cases) == (3, 1, 2, 0)
    assert (first.asked, first.admitted, first.joined, first.answered, first.inspections) == (4, 2, 1, 1, 1)
    assert (first.asked_min, first.cases, first.tasks, first.done, first.labour_min, first.late) == (
        *(210, 2, 3, 2, 95, 1),
    )
    assert (first.people, found[2].people) == (8, 0)
    for one in found:
        became = one.admitted + one.joined + one.returned + one.answered + one.waiting + one.referred
        assert one.asked == became
