"""The evaluation: parts add up to the whole and months to the year; nobody is named by chance or for their load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cases import Action
from core.intake import SourceKind
from core.places import Grid
from core.ports.evaluation import (
    BlindFact,
    CaseFact,
    Evaluation,
    Facts,
    Indicator,
    Line,
    Part,
    ReportFact,
    RevisitFact,
    Share,
    StageFact,
    Standing,
    StepFact,
    Tally,
    TaskFact,
    TrainingReason,
    WorkerFact,
)
from core.revisits import RevisitAnswer
from core.stages import Stage
from dispatch.evaluation import EMPLOYED_BY_COMMUNITY, evaluate, stage_decided
from dispatch.peers import Bounds, Counted, shares
from dispatch.proportions import difference, wilson, z_of

MINUTE = 60_000
HOUR = 60 * MINUTE
SPAN = 1_000
"""Of the drawn facts, milliseconds: small, so that edges are met."""

moments = st.integers(-200, SPAN + 200)
maybe = st.none() | moments
people = st.none() | st.integers(1, 4)
WORKERS = {
    1: WorkerFact(person=1, grid=Grid.CONSTRUCTION, department="water"),
    2: WorkerFact(person=2, grid=Grid.CONSTRUCTION),
    3: WorkerFact(person=3, grid=Grid.GOVERNANCE, skills=frozenset({"pump"})),
}


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    """Anything that could be, person 4 being nobody's."""
    count = draw(st.integers(1, 5))
    cases = [
        CaseFact(
            number=number,
            community=draw(st.integers(1, 3)),
            cell=draw(st.sampled_from(["", "a", "b"])),
            skill=draw(st.sampled_from(["", "pump", "lift"])),
            opened_ms=draw(moments),
            begun_ms=draw(maybe),
            wanted_ms=draw(maybe),
            told_ms=draw(maybe),
            looked_ms=draw(maybe),
            ended_ms=draw(maybe),
            excused=draw(st.booleans()),
            source=draw(st.sampled_from(SourceKind)),
        )
        for number in range(count)
    ]
    case = st.integers(0, count - 1)
    ended = st.sampled_from([action.value for action in Action])
    stages = st.builds(
        StageFact,
        case=case,
        stage=st.sampled_from(Stage),
        person=people,
        limit_ms=moments,
        ended_ms=maybe,
        ended_by=ended,
        paused_ms=maybe,
    )
    steps = st.builds(StepFact, case=case, action=st.sampled_from(Action), person=people, at_ms=moments)
    tasks = st.builds(
        TaskFact, case=case, owner=st.integers(1, 4), told_ms=moments, unskilled=st.just((2,)) | st.just(())
    )
    reports = st.builds(
        ReportFact,
        case=case,
        person=people,
        at_ms=moments,
        false_alarm=st.booleans(),
        passed_on=st.booleans(),
        labour_min=st.integers(0, 90),
        spent_fen=st.integers(0, 10_000),
    )
    blind = st.builds(
        BlindFact, community=st.integers(1, 3), cell=st.sampled_from(["", "a"]), from_ms=moments, to_ms=maybe
    )
    answers = st.builds(RevisitAnswer, solved=st.booleans(), satisfaction=st.integers(1, 5))
    revisits = st.builds(
        RevisitFact,
        community=st.integers(1, 3),
        cell=st.sampled_from(["", "a"]),
        person=people,
        at_ms=moments,
        answer=st.none() | answers,
    )
    return Facts(
        from_ms=0,
        to_ms=SPAN,
        known_ms=draw(st.integers(0, SPAN + 300)),
        cases=cases,
        stages=draw(st.lists(stages, max_size=8)),
        steps=draw(st.lists(steps, max_size=8)),
        tasks=draw(st.lists(tasks, max_size=8)),
        reports=draw(st.lists(reports, max_size=5)),
        blind=draw(st.lists(blind, max_size=3)),
        revisits=draw(st.lists(revisits, max_size=5)),
        workers=WORKERS,
    )


AMOUNTS = ("cases", "ended", "tasks", "labour_min", "spent_fen", "waited_ms", "blind_ms")


def counts(lines: Sequence[Line]) -> Counter[str]:
    """Everything that is counted, over lines."""
    found: Counter[str] = Counter()
    for line in lines:
        found.update({name: getattr(line, name) for name in AMOUNTS})
        found.update({f"score {score}": many for score, many in enumerate(line.scores, start=1)})
        for share in line.shares:
            found[f"{share.indicator} part"] += share.tally.part
            found[f"{share.indicator} whole"] += share.tally.whole
            found[f"{share.indicator} excused"] += share.tally.excused
    return +found


def of(line: Line, indicator: Indicator) -> Share:
    return next(one for one in line.shares if one.indicator is indicator)


def line(found: Evaluation, part: Part, key: str) -> Line:
    return next(one for one in found.parts[part] if one.key == key)


@given(some_facts())
def test_parts_add_up_to_the_whole(facts: Facts) -> None:
    """Parts add up to the whole."""
    found = evaluate(facts)
    whole = counts([found.whole])
    for part in Part:
        assert counts(found.parts[part]) == whole, part


@given(some_facts(), st.lists(st.integers(1, SPAN - 1), max_size=3, unique=True))
def test_spans_add_up_to_the_long_one(facts: Facts, cuts: list[int]) -> None:
    """Spans add up to the long one."""
    edges = [0, *sorted(cuts), SPAN]
    spans = [evaluate(replace(facts, from_ms=first, to_ms=last)).whole for first, last in pairwise(edges)]
    assert counts(spans) == counts([evaluate(facts).whole])


@given(some_facts())
def test_no_part_is_more_than_its_whole_and_the_interval_holds_the_share(facts: Facts) -> None:
    """No part is more than its whole and the interval holds the share."""
    found = evaluate(facts)
    for one in [found.whole, *(each for lines in found.parts.values() for each in lines)]:
        for share in one.shares:
            assert 0 <= share.tally.part <= share.tally.whole
            assert share.tally.excused <= share.tally.whole
            assert (share.value is None) == (share.tally.whole == 0)
            assert share.value is None or share.low <= share.value <= share.high


def case(number: int = 1, **values: object) -> CaseFact:
    usual = CaseFact(number=number, community=1, cell="a", skill="pump", opened_ms=10)
    return replace(usual, **values)  # type: ignore[arg-type]


def facts(**values: object) -> Facts:
    usual = Facts(from_ms=0, to_ms=SPAN, known_ms=SPAN, cases=[case()], workers=WORKERS)
    return replace(usual, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limit_ms", "ended_ms", "ended_by", "paused_ms", "expected"),
    [
        (100, 100, "handle", None, (100, True)),
        (100, 101, "handle", None, (101, False)),
        (100, None, "", None, (101, False)),
        (100, None, "", 50, None),
        (100, None, "", 101, (101, False)),
        (100, 60, "cancel", None, None),
        (100, 160, "cancel", None, (101, False)),
    ],
)
def test_a_run_is_decided_when_it_is_done_or_its_limit_passes(
    limit_ms: int, ended_ms: int | None, ended_by: str, paused_ms: int | None, expected: tuple[int, bool] | None
) -> None:
    """A run is decided when it is done or its limit passes."""
    run = StageFact(
        case=1,
        stage=Stage.HANDLE,
        person=1,
        limit_ms=limit_ms,
        ended_ms=ended_ms,
        ended_by=ended_by,
        paused_ms=paused_ms,
    )
    assert stage_decided(run) == expected


def test_a_limit_in_the_future_is_not_counted_as_missed() -> None:
    """A limit in the future is not counted as missed."""
    run = StageFact(case=1, stage=Stage.HANDLE, person=1, limit_ms=500)
    assert of(evaluate(facts(stages=[run], known_ms=500)).whole, Indicator.HANDLED_IN_TIME).tally == Tally(0, 0)
    assert of(evaluate(facts(stages=[run], known_ms=501)).whole, Indicator.HANDLED_IN_TIME).tally == Tally(0, 1)


def test_what_an_appeal_excused_stays_late_and_stands_beside() -> None:
    """What an appeal excused stays late and stands beside."""
    run = StageFact(case=1, stage=Stage.HANDLE, person=1, limit_ms=500)
    found = evaluate(facts(cases=[case(excused=True)], stages=[run]))
    assert of(found.whole, Indicator.HANDLED_IN_TIME).tally == Tally(0, 1, 1)


def test_time_unseen_is_counted_within_the_span_until_somebody_takes_it_up() -> None:
    """Time unseen is counted within the span until somebody takes it up."""
    known = facts(cases=[case(begun_ms=-100, looked_ms=300), case(2, begun_ms=900)], known_ms=950)
    assert evaluate(known).whole.waited_ms == 300 + 50


def test_departments_are_those_of_the_workers() -> None:
    """Departments are those of the workers."""
    known = facts(
        cases=[case(), case(2)],
        tasks=[TaskFact(case=number, owner=owner, told_ms=20) for number, owner in ((1, 1), (1, 3), (2, 2))],
        reports=[ReportFact(case=1, person=1, at_ms=30, labour_min=40)],
    )
    found = evaluate(known)
    assert line(found, Part.DEPARTMENT, "water").tasks == 1
    assert line(found, Part.DEPARTMENT, EMPLOYED_BY_COMMUNITY).tasks == 2


def revisited(person: int | None, at_ms: int, *answer: tuple[bool, int]) -> RevisitFact:
    said = RevisitAnswer(solved=answer[0][0], satisfaction=answer[0][1]) if answer else None
    return RevisitFact(community=1, cell="a", person=person, at_ms=at_ms, answer=said)


def test_what_people_say_counts_with_its_scores_where_it_was_said() -> None:
    """4 and 5 are satisfied; nobody reached is no answer; outside the span, or not known yet, nothing counts."""
    known = facts(
        revisits=[
            revisited(1, 10, (True, 5)),
            revisited(1, 20, (True, 4)),
            revisited(1, 30, (False, 3)),
            revisited(2, 40, (False, 1)),
            revisited(1, 50),
            revisited(1, SPAN, (True, 5)),
            revisited(1, 990, (True, 5)),
        ],
        known_ms=900,
    )
    whole = evaluate(known).whole
    assert of(whole, Indicator.REVISITED).tally == Tally(4, 5)
    assert of(whole, Indicator.SOLVED).tally == Tally(2, 4)
    assert of(whole, Indicator.SATISFIED).tally == Tally(2, 4)
    assert tuple(whole.scores) == (1, 0, 1, 1, 1)


def test_an_answer_stands_with_whoever_repaired_and_no_answer_with_nobody() -> None:
    """By worker and department; that nobody was reached is held against no worker."""
    found = evaluate(facts(revisits=[revisited(1, 10, (True, 2)), revisited(1, 20), revisited(3, 30, (False, 5))]))
    mine = line(found, Part.WORKER, "1")
    assert (of(mine, Indicator.SOLVED).tally, of(mine, Indicator.SATISFIED).tally) == (Tally(1, 1), Tally(0, 1))
    assert of(mine, Indicator.REVISITED).tally == Tally(0, 0)
    assert of(line(found, Part.DEPARTMENT, "water"), Indicator.SOLVED).tally == Tally(1, 1)
    assert of(line(found, Part.DEPARTMENT, EMPLOYED_BY_COMMUNITY), Indicator.SATISFIED).tally == Tally(1, 1)
    for part, key in ((Part.COMMUNITY, "1"), (Part.CELL, "a"), (Part.WORKER, "")):
        assert of(line(found, part, key), Indicator.REVISITED).tally == Tally(2, 3)


def test_who_leaves_people_discontent_is_told_apart_from_peers_of_like_load() -> None:
    """As with every other share: by the interval, for all comparisons at once."""
    revisits = [
        revisited(person, 10, (number < good, 5 if number < good else 1))
        for person, good in ((1, 10), (2, 36), (3, 36), (5, 36), (6, 36))
        for number in range(40)
    ]
    workers = {person: WorkerFact(person=person, grid=Grid.CONSTRUCTION) for person in (1, 2, 3, 5, 6)}
    tasks = [TaskFact(case=1, owner=person, told_ms=5) for person in workers for _ in range(40)]
    found = evaluate(facts(revisits=revisits, tasks=tasks, workers=workers))
    told = {key: of(line(found, Part.WORKER, key), Indicator.SOLVED).standing for key in ("1", "2")}
    assert told == {"1": Standing.WORSE, "2": Standing.LIKE}


# --- fair across load -------------------------------------------------------------------------------------------------


def standings(counted: Sequence[Counted], bounds: Bounds | None = None) -> dict[str, Standing]:
    made = shares(counted, bounds or Bounds(), {Indicator.REWORK})
    return {
        key: next(one.standing for one in found if one.indicator is Indicator.HANDLED_IN_TIME)
        for key, found in made.items()
    }


def counted(key: str, part: int, whole: int, load: float, kind: str = "w") -> Counted:
    return Counted(key=key, kind=kind, load=load, tallies={Indicator.HANDLED_IN_TIME: Tally(part, whole)})


def test_few_is_said_before_anything_else() -> None:
    """Few is said before anything else."""
    some = [counted(str(number), 15, 19, 20) for number in range(8)]
    assert set(standings(some).values()) == {Standing.FEW}


def test_one_alone_with_its_load_is_compared_with_nobody() -> None:
    """One alone with its load is compared with nobody."""
    some = [counted(str(number), 90, 100, 100) for number in range(8)]
    assert standings([*some, counted("busy", 20, 100, 500)])["busy"] is Standing.ALONE


def test_who_carries_much_is_compared_with_those_who_carry_as_much() -> None:
    """Who carries much is compared with those who carry as much."""
    light = [counted(f"l{number}", 95, 100, 50) for number in range(10)]
    heavy = [counted(f"h{number}", 70, 100, 200) for number in range(10)]
    found = standings([*light, *heavy])
    assert set(found.values()) == {Standing.LIKE}


def test_who_is_far_from_peers_is_told_apart_in_both_directions() -> None:
    """Who is far from peers is told apart in both directions."""
    some = [counted(str(number), 160, 200, 100) for number in range(10)]
    found = standings([*some, counted("good", 199, 200, 100), counted("bad", 90, 200, 100)])
    assert (found["good"], found["bad"], found["0"]) == (Standing.BETTER, Standing.WORSE, Standing.LIKE)


def test_less_rework_is_better() -> None:
    """Less rework is better."""
    few, many = Tally(2, 200), Tally(60, 200)
    some = [Counted(key=str(number), kind="w", load=9, tallies={Indicator.REWORK: few}) for number in range(8)]
    made = shares(
        [*some, Counted(key="x", kind="w", load=9, tallies={Indicator.REWORK: many})], Bounds(), {Indicator.REWORK}
    )
    assert next(one for one in made["x"] if one.indicator is Indicator.REWORK).standing is Standing.WORSE


def test_of_workers_who_are_all_alike_hardly_ever_one_is_named() -> None:
    """Of workers who are all alike hardly ever one is named."""
    random = np.random.default_rng(7)
    named = 0
    for _ in range(60):
        load = random.integers(40, 200, 100)
        good = random.binomial(load, 0.9)
        some = [
            counted(str(number), int(part), int(of_them), float(of_them))
            for number, (part, of_them) in enumerate(zip(good, load, strict=True))
        ]
        named += any(one in {Standing.BETTER, Standing.WORSE} for one in standings(some).values())
    assert named <= 6, f"in {named} of 60 reports somebody was named by chance; 3 are expected"


@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson_is_symmetric_and_narrows(part: int, rest: int) -> None:
    """Wilson is symmetric and narrows."""
    whole = part + rest
    low, high = wilson(part, whole)
    other_low, other_high = wilson(rest, whole)
    assert low == pytest.approx(1 - other_high)
    assert high == pytest.approx(1 - other_low)
    if whole:
        wider = wilson(part * 2, whole * 2)
        assert wider[1] - wider[0] <= high - low


def test_wilson_against_the_published_figures() -> None:
    """Wilson against the published figures."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998 (one share), table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_newcombe_against_the_published_figures() -> None:
    """Newcombe against the published figures."""
    assert difference((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=1e-4)  # table II (a), method 10
    assert difference((9, 10), (3, 10)) == pytest.approx((0.1705, 0.8090), abs=1e-4)  # (b)


@settings(max_examples=30)
@given(st.floats(0.5, 0.99), st.integers(1, 500))
def test_more_comparisons_ask_for_wider_intervals(level: float, count: int) -> None:
    """More comparisons ask for wider intervals."""
    assert z_of(level, count + 1) > z_of(level, count)


def test_impossible_shares_are_refused() -> None:
    """Impossible shares are refused."""
    with pytest.raises(ValueError, match="no part"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="level"):
        z_of(1.0)


# --- training ---------------------------------------------------------------------------------------------------------


def judged(person: int, first: int, held: int, rejected: int) -> tuple[list[CaseFact], list[StepFact]]:
    cases = [case(first + number) for number in range(held + rejected)]
    steps = [
        StepFact(
            case=one.number,
            action=Action.VERIFY if number < held else Action.REJECT,
            person=person,
            at_ms=20,
        )
        for number, one in enumerate(cases)
    ]
    return cases, steps


def test_whose_repairs_of_one_skill_do_not_hold_is_named_with_what_training_would_save() -> None:
    """Whose repairs of one skill do not hold is named with what training would save."""
    cases1, steps1 = judged(1, 0, held=20, rejected=20)
    cases2, steps2 = judged(2, 100, held=90, rejected=10)
    found = evaluate(facts(cases=[*cases1, *cases2], steps=[*steps1, *steps2])).trainings
    [one] = found
    assert (one.person, one.skill, one.reason) == (1, "pump", TrainingReason.REWORK)
    assert (one.own, one.peers) == (Tally(20, 40), Tally(10, 100))
    assert one.saved == pytest.approx(16)


def test_a_few_bad_repairs_name_nobody() -> None:
    """A few bad repairs name nobody."""
    cases1, steps1 = judged(1, 0, held=6, rejected=3)
    cases2, steps2 = judged(2, 100, held=90, rejected=10)
    assert evaluate(facts(cases=[*cases1, *cases2], steps=[*steps1, *steps2])).trainings == []


def test_who_is_passed_over_again_and_again_for_a_skill_would_be_helped_by_it() -> None:
    """Who is passed over again and again for a skill would be helped by it."""
    tasks = [TaskFact(case=1, owner=1, told_ms=20 + number, unskilled=(2, 3)) for number in range(5)]
    found = evaluate(facts(tasks=tasks)).trainings
    assert [(one.person, one.reason, one.own) for one in found] == [(2, TrainingReason.LACKING, Tally(5, 5))]
