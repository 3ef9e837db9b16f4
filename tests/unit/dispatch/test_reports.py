"""Reports and tasks handed down live as cases do: routed, timed, verified by a visit; nothing is filed twice."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.alarms import ChangeKind, Severity
from core.cases import Action, Actor, CaseState, Conflict, NotPermitted, TaskKind, TaskState, UnknownItem
from core.errors import Invalid
from core.intake import Reason, SourceKind, Verdict
from core.ports.intake import IntakeAsk, IntakeFilter, IntakeRow, Ruling
from core.ports.registry import PageRequest
from dispatch import tables
from dispatch.intake_desk import SqlIntakes
from dispatch.intake_tables import intake
from dispatch.policy import Policy
from tests.unit.dispatch.hall import HOUR, MINUTE, MONDAY_9, RULES, Hall, change

HANDLE, VERIFY = TaskKind.HANDLE, TaskKind.VERIFY
ANYBODY = Actor(login="anybody")
OFFICE = Actor(login="office")


def desk_of(hall: Hall, policy: Policy | None = None) -> SqlIntakes:
    """The intake desk over the hall's database."""
    return SqlIntakes(hall.engine, rules=RULES.get, source=hall.city.registry, policy=policy)


def send(
    hall: Hall,
    event: str,
    source: SourceKind = SourceKind.WORKER,
    *,
    facility: str = "",
    now_ms: int = MONDAY_9,
    policy: Policy | None = None,
    **values: object,
) -> IntakeRow:
    """Hand something in with a fresh key; in community A where no facility is named."""
    hall.keys += 1
    place = hall.city.facility(facility) if facility else 0
    given: dict[str, object] = {
        "key": f"k-{hall.keys}",
        "actor": hall.actor("aa-g1") if source is SourceKind.WORKER else ANYBODY,
        "words": "看到的情况",
        "facility": place,
        "community": 0 if place else community(hall, "aa"),
    }
    if source in {SourceKind.DEPARTMENT, SourceKind.INSPECTION}:
        given |= {"department": "hb", "ref": "〔2026〕7号", "actor": OFFICE}
    ask = IntakeAsk(event=event, source=source, **(given | values))  # type: ignore[arg-type]
    return desk_of(hall, policy).file(ask, now_ms)


def community(hall: Hall, code: str) -> int:
    """Number of a community."""
    return next(one.number for one in hall.city.registry.communities() if one.code == code)


def rule(hall: Hall, row: IntakeRow, verdict: Verdict, **values: object) -> IntakeRow:
    """Let a gatekeeper decide."""
    actor = hall.actor("mgr", supervises=True)
    return desk_of(hall).rule(
        Ruling(number=row.number, verdict=verdict, **({"actor": actor} | values)),  # type: ignore[arg-type]
        MONDAY_9 + MINUTE,
    )


def case_of(hall: Hall, number: int | None) -> sa.Row[tuple[object, ...]]:
    """The row of a case."""
    with hall.engine.connect() as connection:
        return connection.execute(sa.select(tables.case).where(tables.case.c.number == number)).one()


# --- a worker's report ------------------------------------------------------------------------------------------


def test_a_report_lives_as_a_case_does(hall: Hall) -> None:
    """Filed, dispatched to the cell's worker, timed, handled, verified by another's visit, closed."""
    row = send(hall, "lift_car", facility="aa-li-01")
    assert (row.verdict, row.reasons, row.code) == (Verdict.ADMIT, (Reason.URGENT,), "R-2026-000001")
    case = hall.cases()[-1]
    assert (case.number, case.state, case.severity) == (row.case, CaseState.DISPATCHED, Severity.CRITICAL)
    stored = case_of(hall, row.case)
    assert (stored.source, stored.reports, stored.rule_id) == ("worker", 1, "")
    both = hall.tasks()
    assert both[HANDLE].due_ms is not None
    assert hall.code_of(both[HANDLE].owner)[2:4] == "-g", (
        "whoever of the grid's workers is there first, of another community too"
    )
    detail = hall.queries.case(case.number)
    assert detail is not None
    assert {stage.stage.value for stage in detail.stages} >= {"accept", "handle"}
    assert [one.action for one in detail.history if one.note.startswith(row.code)] == ["reported"]
    owner = Actor(login="owner", person=both[HANDLE].owner)
    for action in (Action.ACCEPT, Action.ARRIVE, Action.HANDLE):
        hall.act(hall.tasks()[HANDLE], action, owner)
    assert hall.cases()[-1].state is CaseState.HANDLED, "no sensor observes what none has seen"
    look = hall.tasks()[VERIFY]
    assert look.ready
    assert look.owner != both[HANDLE].owner
    looker = Actor(login="looker", person=look.owner)
    hall.act(look, Action.ACCEPT, looker)
    hall.act(hall.tasks()[VERIFY], Action.VERIFY, looker, note="dark")
    assert hall.cases()[-1].state is CaseState.CLOSED


def test_the_same_key_answers_as_the_first_time(hall: Hall) -> None:
    """A phone in a cellar sends again; of other words, another event or another place the key is refused."""
    first = send(hall, "other", facility="aa-sp-01", key="once")
    assert send(hall, "other", facility="aa-sp-01", key="once") == first
    assert (hall.count(intake), hall.count(tables.case)) == (1, 1)
    for event, values in (
        ("other", {"facility": "aa-sp-01", "words": "别的"}),
        ("road_water", {"facility": "aa-sp-01"}),
        ("other", {"facility": "aa-sp-02"}),
        ("other", {"community": community(hall, "bb")}),
    ):
        with pytest.raises(Conflict) as caught:
            send(hall, event, key="once", **values)
        assert caught.value.code == "key_reused"


def test_a_repeat_is_known_after_a_gatekeeper_has_put_it_right(hall: Hall) -> None:
    """What was reported and where may have been wrong; the sender still says what they said."""
    waits = send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01", key="once")
    done = rule(hall, waits, Verdict.ADMIT, event="lift_car", facility=hall.city.facility("aa-li-01"))
    assert send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01", key="once") == done
    with pytest.raises(Conflict):
        send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01", key="once", words="别的")


def test_what_is_handed_down_twice_under_one_key_must_be_one_paper(hall: Hall) -> None:
    """The number of the paper and the department are part of what is asked."""
    first = send(hall, "hazard_search", SourceKind.DEPARTMENT, key="paper")
    assert send(hall, "hazard_search", SourceKind.DEPARTMENT, key="paper") == first
    with pytest.raises(Conflict):
        send(hall, "hazard_search", SourceKind.DEPARTMENT, key="paper", ref="〔2026〕8号")
    with pytest.raises(Conflict):
        send(hall, "hazard_search", SourceKind.DEPARTMENT, key="paper", department="sw")


def test_a_report_and_an_alarm_of_one_event_are_one_case(hall: Hall) -> None:
    """Whichever comes first; the second is counted and noted, and the worse severity counts."""
    pump = hall.city.facility("aa-sp-02")
    first = send(hall, "other", facility="aa-sp-01")
    again = send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01", now_ms=MONDAY_9 + HOUR)
    assert (again.verdict, again.reasons, again.case) == (Verdict.JOIN, (Reason.SAME_FACILITY,), first.case)
    assert case_of(hall, first.case).reports == 2
    hall.apply(change(ChangeKind.OPENED, "road", facility=pump), now_ms=MONDAY_9)
    with hall.engine.begin() as connection:  # as if its rule were of the family
        mine = tables.case.c.facility == pump
        connection.execute(sa.update(tables.case).where(mine).values(family="road_water"))
    joined = send(hall, "road_water", facility="aa-sp-02")
    assert joined.verdict is Verdict.JOIN
    stored = case_of(hall, joined.case)
    assert (stored.source, stored.reports, stored.severity) == ("alarm", 1, Severity.HIGH)


def test_what_people_saw_does_not_go_with_its_alarm(hall: Hall) -> None:
    """An alarm joins a reported case and clears: nobody has begun, and the case stays."""
    pump = hall.city.facility("aa-sp-01")
    row = send(hall, "other", facility="aa-sp-01")
    with hall.engine.begin() as connection:
        connection.execute(sa.update(tables.case).values(family="pump"))
    hall.apply(change(ChangeKind.OPENED, facility=pump))
    assert [one.number for one in hall.cases()] == [row.case]
    hall.apply(change(ChangeKind.CLOSED, facility=pump, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    assert hall.cases()[-1].state is CaseState.DISPATCHED


def test_several_cases_without_a_facility_stand_beside_each_other(hall: Hall) -> None:
    """Refuse at two corners of one community; what is close to one of them joins that."""
    far = send(hall, "refuse", longitude=112.105, latitude=31.705)
    near = send(hall, "refuse", longitude=112.115, latitude=31.705)
    assert far.case != near.case
    again = send(hall, "refuse", longitude=112.1055, latitude=31.705)
    assert (again.verdict, again.reasons, again.case) == (Verdict.JOIN, (Reason.NEAR,), far.case)
    assert all(task.owner is not None for number in (far.case, near.case) for task in hall.tasks(number).values())


# --- residents --------------------------------------------------------------------------------------------------


def test_a_residents_word_is_looked_at_first_unless_it_is_urgent(hall: Hall) -> None:
    """Gas goes out at once; the rest waits for a gatekeeper, and is in their list."""
    waits = send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01")
    assert (waits.verdict, waits.case) == (Verdict.WAIT, None)
    gas = send(hall, "gas_network_leak", SourceKind.RESIDENT, longitude=112.105, latitude=31.705)
    assert (gas.verdict, case_of(hall, gas.case).severity) == (Verdict.ADMIT, Severity.CRITICAL)
    found = desk_of(hall).intakes(IntakeFilter(verdicts=frozenset({Verdict.WAIT})), PageRequest())
    assert [one.number for one in found.items] == [waits.number]


def test_a_gatekeeper_decides_once(hall: Hall) -> None:
    """Admitted as something else at the right facility; whoever comes second is told."""
    waits = send(hall, "other", SourceKind.RESIDENT, longitude=112.105, latitude=31.705)
    lift = hall.city.facility("aa-li-01")
    done = rule(hall, waits, Verdict.ADMIT, event="lift_car", facility=lift)
    assert (done.verdict, done.event, done.facility) == (Verdict.ADMIT, "lift_car", lift)
    assert done.reasons[-1] is Reason.BY_HAND
    assert (case_of(hall, done.case).facility, case_of(hall, done.case).source) == (lift, "resident")
    with pytest.raises(Conflict):
        rule(hall, waits, Verdict.RETURN, words="没有此事")
    assert hall.count(tables.case) == 1


def test_a_gatekeeper_returns_with_words_and_joins_what_is_open(hall: Hall) -> None:
    """Without words, to a closed case, or by somebody who does not supervise: refused, and nothing has changed."""
    waits = send(hall, "other", SourceKind.RESIDENT, longitude=112.105, latitude=31.705)
    with pytest.raises(Invalid):
        rule(hall, waits, Verdict.RETURN, words=" ")
    with pytest.raises(Invalid):
        rule(hall, waits, Verdict.JOIN, case=77)
    with pytest.raises(Invalid):
        rule(hall, waits, Verdict.ADMIT, event="lift_car", facility=hall.city.facility("aa-sp-01"))
    with pytest.raises(NotPermitted):
        rule(hall, waits, Verdict.ADMIT, actor=hall.actor("aa-g1"))
    with pytest.raises(UnknownItem):
        desk_of(hall).rule(Ruling(number=99, verdict=Verdict.ADMIT, actor=hall.actor("mgr", supervises=True)), MONDAY_9)
    assert desk_of(hall).intake(waits.number) == waits
    case = send(hall, "refuse", longitude=112.105, latitude=31.705).case
    assert rule(hall, waits, Verdict.JOIN, case=case).case == case
    assert case_of(hall, case).reports == 2


# --- departments and inspections --------------------------------------------------------------------------------


def test_the_burden_of_a_department_is_counted_and_seen(hall: Hall) -> None:
    """Admitted, returned and answered; tasks and minutes of the case that was filed, by community."""
    admitted = send(hall, "visit", SourceKind.DEPARTMENT, minutes=240)
    returned = send(hall, "enforcement", SourceKind.DEPARTMENT, minutes=60)
    answered = send(hall, "statistics", SourceKind.INSPECTION)
    assert [one.verdict for one in (admitted, returned, answered)] == [
        Verdict.ADMIT,
        Verdict.RETURN,
        Verdict.ANSWER,
    ]
    assert (returned.case, answered.case) == (None, None)
    send(hall, "other", facility="aa-sp-01")
    found = desk_of(hall).burden(MONDAY_9, MONDAY_9 + 1)
    assert len(found) == 1
    one = found[0]
    assert (one.department, one.asked, one.admitted, one.returned, one.answered) == ("hb", 3, 1, 1, 1)
    assert (one.asked_min, one.inspections, one.cases, one.tasks, one.done) == (300, 1, 1, 1, 0)
    assert one.people == 6
    assert desk_of(hall).burden(MONDAY_9 + 1, MONDAY_9 + 2) == []
    assert desk_of(hall).burden(MONDAY_9, MONDAY_9 + 1, frozenset({community(hall, "bb")})) == []


def test_an_inspection_is_answered_from_the_log(hall: Hall) -> None:
    """With the counts of the time it asks about, frozen; a drill and other communities are not in it."""
    send(hall, "other", facility="aa-sp-01")
    send(hall, "other", facility="bb-sp-01", actor=hall.actor("bb-g1"))
    pump = hall.city.facility("aa-sp-02")
    hall.apply(change(ChangeKind.OPENED, facility=pump))
    hall.apply(change(ChangeKind.CLOSED, facility=pump, stop=MONDAY_9 + MINUTE), now_ms=MONDAY_9 + MINUTE)
    row = send(hall, "work_report", SourceKind.INSPECTION, now_ms=MONDAY_9 + HOUR)
    answer = row.answer
    assert answer is not None
    assert (answer.filed, answer.cancelled, answer.still_open, answer.closed) == (2, 1, 1, 0)
    assert answer.by_source == {SourceKind.ALARM: 1, SourceKind.WORKER: 1}
    assert answer.by_family == {"other": 1, "pump": 1}
    send(hall, "other", facility="aa-li-01")
    kept = desk_of(hall).intake(row.number)
    assert kept is not None
    assert kept.answer == answer


def test_full_hands_hold_back_what_is_handed_down_and_nothing_else(hall: Hall) -> None:
    """The figures lie beside the decision; a worker's report passes, and what waits is admitted by hand."""
    tight = Policy(admit_per_person=1)
    for event in ("refuse", "road_hole", "wire_charging", "road_water", "fire_lane", "falling_object"):
        send(hall, event, longitude=112.105, latitude=31.705)
    held = send(hall, "visit", SourceKind.DEPARTMENT, policy=tight)
    assert (held.verdict, held.reasons) == (Verdict.WAIT, (Reason.COMMUNITY_FULL,))
    assert held.figures["community_open"] >= held.figures["community_people"] == 6
    assert send(hall, "light_lamp", policy=tight, facility="").verdict is not Verdict.ADMIT
    assert send(hall, "other", facility="aa-li-01", policy=tight).verdict is Verdict.ADMIT
    assert rule(hall, held, Verdict.ADMIT).case is not None


def test_an_agreed_number_is_counted_in_the_database(hall: Hall) -> None:
    """Two a month: the third waits, in another community the first passes, and a month later it begins anew."""
    agreed = Policy(department_most=2)
    sent = [send(hall, event, SourceKind.DEPARTMENT, policy=agreed) for event in ("visit", "notice", "hazard_search")]
    assert [one.verdict for one in sent] == [Verdict.ADMIT, Verdict.ADMIT, Verdict.WAIT]
    assert sent[-1].reasons == (Reason.DEPARTMENT_FULL,)
    other = send(hall, "visit", SourceKind.DEPARTMENT, community=community(hall, "bb"), policy=agreed)
    assert other.verdict is Verdict.ADMIT
    later = MONDAY_9 + 31 * 24 * HOUR
    assert send(hall, "hazard_search", SourceKind.DEPARTMENT, now_ms=later, policy=agreed).verdict is Verdict.ADMIT


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"event": "nonsense"}, ["TG-3143"]),
        ({"event": "visit"}, ["TG-3143"]),
        ({"event": "lift_car", "facility": "aa-sp-01"}, ["TG-3144"]),
        ({"event": "other", "words": " ", "key": ""}, ["TG-3102", "TG-3145"]),
        ({"event": "other", "community": 99}, ["TG-3146"]),
        ({"event": "other", "longitude": 200.0, "latitude": 3.0}, ["TG-3146"]),
        ({"event": "other", "longitude": 112.0}, ["TG-3146"]),
        ({"event": "other", "longitude": float("nan"), "latitude": 3.0}, ["TG-3146"]),
        ({"event": "visit", "source": SourceKind.DEPARTMENT, "ref": " "}, ["TG-3147"]),
        ({"event": "visit", "source": SourceKind.DEPARTMENT, "minutes": -1}, ["TG-3148"]),
    ],
)
def test_everything_wrong_is_said_at_once(hall: Hall, values: dict[str, object], codes: list[str]) -> None:
    """Nothing is written."""
    with pytest.raises(Invalid) as caught:
        send(hall, **values)  # type: ignore[arg-type]
    assert [one.code for one in caught.value.findings] == codes
    assert (hall.count(intake), hall.count(tables.case)) == (0, 0)


def test_nobody_is_bothered_twice(hall: Hall) -> None:
    """The worker who is at work hears of a second report; the one who has not begun has it in the task anyway."""
    case = send(hall, "other", facility="aa-sp-01").case
    handle = hall.tasks(case)[HANDLE]
    worker = Actor(login="worker", person=handle.owner)
    send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01")
    hall.act(handle, Action.ACCEPT, worker)
    assert hall.tasks(case)[HANDLE].state is TaskState.ACCEPTED
    send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01")
    with hall.engine.connect() as connection:
        query = sa.select(tables.outbox.c.person).where(tables.outbox.c.kind == "reported")
        assert connection.execute(query).scalars().all() == [handle.owner]


def test_a_gatekeeper_hears_of_what_waits_and_not_of_what_is_decided(hall: Hall) -> None:
    """A manager of the community, in the morning; decided before, there is nothing to hear."""

    def told() -> list[tuple[str, int | None]]:
        with hall.engine.connect() as connection:
            query = sa.select(tables.outbox).where(tables.outbox.c.kind == "intake")
            return [(hall.code_of(row.person), row.next_ms) for row in connection.execute(query)]

    night = MONDAY_9 + 14 * HOUR
    waits = send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01", now_ms=night)
    assert told() == [("mgr-a", MONDAY_9 + 23 * HOUR)]
    rule(hall, waits, Verdict.RETURN, words="没有此事")
    assert told() == [("mgr-a", None)]
    send(hall, "other", SourceKind.RESIDENT, facility="bb-sp-01", now_ms=night)
    assert told()[1:] == [("mgr", MONDAY_9 + 23 * HOUR)]


def test_what_is_admitted_joins_what_was_opened_while_it_waited(hall: Hall) -> None:
    """A worker has reported the same pump in between: one case, however the gatekeeper decides."""
    waits = send(hall, "other", SourceKind.RESIDENT, facility="aa-sp-01")
    case = send(hall, "other", facility="aa-sp-01").case
    done = rule(hall, waits, Verdict.ADMIT)
    assert (done.verdict, done.case) == (Verdict.JOIN, case)
    assert (hall.count(tables.case), case_of(hall, case).reports) == (1, 2)
