"""Damping: what flaps is one alarm, what comes twice is two; any cut, condensation and order gives the same."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.alarms import AnnouncedAlarm, ChangeKind, Interval, Severity, SeverityStep
from rules.damping import FLAPS, HOLD_MS, WITHIN_MS, condensed, damp, held_until, undamped
from rules.differences import compare
from tests.unit.rules.reference.damping import damped

SECOND_MS = 1_000
FAR_MS = 10**9


def ticking(count: int, *, every_ms: int = SECOND_MS, first_ms: int = 0) -> list[Interval]:
    """On for half of every period."""
    starts = [first_ms + every_ms * place for place in range(count)]
    return [Interval(start_ms=at, stop_ms=at + every_ms // 2, since_ms=at) for at in starts]


def ends(intervals: list[Interval]) -> list[tuple[int, int | None, int]]:
    """Start, stop and flaps of each."""
    return [(one.start_ms, one.stop_ms, one.flaps) for one in intervals]


def test_four_in_ten_minutes_are_four_alarms() -> None:
    """Whatever comes less than five times within ten minutes is announced as it is."""
    assert damp(ticking(FLAPS - 1), FAR_MS) == ticking(FLAPS - 1)
    apart = ticking(50, every_ms=WITHIN_MS // (FLAPS - 1) + 1)
    assert damp(apart, FAR_MS) == apart


def test_the_fifth_opening_stays_on_until_all_has_been_quiet() -> None:
    """Six hundred openings in ten minutes are five alarms, the last of which counts them all."""
    pieces = ticking(600)
    last_ms = pieces[-1].stop_ms
    assert last_ms is not None
    *single, on = damp(pieces, last_ms + HOLD_MS - 1)
    assert single == pieces[:4]
    assert (on.start_ms, on.stop_ms, on.flaps) == (4 * SECOND_MS, None, 320)
    over = damp(pieces, last_ms + HOLD_MS)[-1]
    assert (over.start_ms, over.stop_ms, over.flaps) == (4 * SECOND_MS, last_ms + HOLD_MS, 600)
    assert [piece.start_ms for piece in over.pieces] == [at * SECOND_MS for at in (*range(10), *range(590, 600))]


def test_what_comes_after_the_quiet_is_an_alarm_like_any_other() -> None:
    """After an episode counting begins anew, however shortly after."""
    pieces = ticking(FLAPS)
    end_ms = held_until(pieces[-1])
    later = Interval(start_ms=int(end_ms) + 1, stop_ms=None, since_ms=int(end_ms) + 1)
    assert ends(damp([*pieces, later], FAR_MS))[-2:] == [(4_000, end_ms, 5), (later.start_ms, None, 0)]
    touching = replace(later, start_ms=int(end_ms), since_ms=int(end_ms))
    assert ends(damp([*pieces, touching], FAR_MS))[-1] == (4_000, None, 5)


def test_severity_only_rises_while_it_flaps() -> None:
    """A piece that begins low does not take down what another has risen to, until it has lasted."""
    low, high = Severity.LOW, Severity.HIGH
    pieces = [
        replace(one, steps=(SeverityStep(one.start_ms, (low, high)[place == 5]),))
        for place, one in enumerate(ticking(6))
    ]
    steps = (SeverityStep(7_000, low), SeverityStep(7_000 + HOLD_MS, Severity.MEDIUM))
    pieces.append(Interval(start_ms=7_000, stop_ms=None, since_ms=7_000, steps=steps))
    found = damp(pieces, FAR_MS)
    assert found == damped(pieces, FAR_MS)
    assert found[-1].steps == (
        SeverityStep(4_000, low),
        SeverityStep(5_000, high),
        SeverityStep(7_000 + HOLD_MS, Severity.MEDIUM),
    )


@st.composite
def courses(draw: st.DrawFn) -> list[Interval]:
    """Pieces with pauses from a millisecond to a quarter of an hour; the last may be on."""
    pauses = st.one_of(
        st.integers(1, 60_000), st.sampled_from([HOLD_MS, HOLD_MS + 1, WITHIN_MS, WITHIN_MS + 1, 140_000])
    )
    lengths = st.one_of(st.integers(1, 30_000), st.sampled_from([HOLD_MS, 2 * WITHIN_MS]))
    found: list[Interval] = []
    at_ms = 0
    drawn, on = draw(st.tuples(st.lists(st.tuples(pauses, lengths, st.integers(0, 2)), max_size=40), st.booleans()))
    for pause, length, steps in drawn:
        start_ms = at_ms + pause
        at_ms = start_ms + length
        grades = [SeverityStep(start_ms + place * length // 3, Severity(1 + (steps + place) % 3)) for place in range(2)]
        own = tuple(grades) if length >= 3 else tuple(grades[:1])
        found.append(Interval(start_ms=start_ms, stop_ms=at_ms, since_ms=start_ms, steps=own))
    if found and on:
        found[-1] = replace(found[-1], stop_ms=None)
    return found


def plain(pieces: list[Interval]) -> list[Interval]:
    """The same without severities."""
    return [replace(piece, steps=()) for piece in pieces]


def horizon_of(pieces: list[Interval], beyond_ms: int) -> int:
    """A moment at which all of the pieces have been seen."""
    last = pieces[-1] if pieces else None
    return beyond_ms + (0 if last is None else last.stop_ms or last.steps[-1].at_ms)


beyond = st.sampled_from([0, HOLD_MS - 1, HOLD_MS, FAR_MS])


@given(courses(), beyond)
def test_damping_is_what_the_page_says(pieces: list[Interval], beyond_ms: int) -> None:
    """Columns of ifs and the naive reading agree."""
    horizon_ms = horizon_of(pieces, beyond_ms)
    found = damp(pieces, horizon_ms)
    event(f"flapping: {sum(one.flaps > 0 for one in found)}")
    assert found == damped(pieces, horizon_ms)
    assert all(b.start_ms > (a.stop_ms or FAR_MS * 2) for a, b in itertools.pairwise(found))


@given(courses(), beyond, st.integers(0, 3_000_000))
def test_only_what_has_changed_need_be_looked_at(pieces: list[Interval], beyond_ms: int, from_ms: int) -> None:
    """What is not over before a moment is the same whether the past is looked at or not."""
    horizon_ms = horizon_of(pieces, beyond_ms)
    whole = [one for one in damp(pieces, horizon_ms) if one.stop_ms is None or one.stop_ms >= from_ms]
    part = [one for one in damp(pieces, horizon_ms, None, from_ms) if one.stop_ms is None or one.stop_ms >= from_ms]
    assert part == whole


@given(courses(), beyond, st.lists(st.integers(0, 2_000_000), max_size=8), st.data())
def test_condensed_pieces_say_the_same(
    pieces: list[Interval], beyond_ms: int, bounds: list[int], data: st.DataObject
) -> None:
    """Condensed once or again with fewer bounds, and cut at a bound: what is announced does not differ."""
    horizon_ms, pieces = horizon_of(pieces, beyond_ms), plain(pieces)
    bounds = sorted(set(bounds))
    few = condensed(pieces, bounds)
    fewer = condensed(few, bounds[::2])
    assert damp(few, horizon_ms) == damp(fewer, horizon_ms) == damped(pieces, horizon_ms)
    if bounds:
        at_ms = data.draw(st.sampled_from(bounds))
        rest = [one for one in pieces if one.stop_ms is not None and one.stop_ms <= at_ms]
        left = [one for one in few if one.stop_ms is not None and one.stop_ms <= at_ms]
        assert damp(left, horizon_ms) == damped(rest, horizon_ms)


@given(courses(), beyond, st.booleans())
def test_what_was_announced_is_announced_again(pieces: list[Interval], beyond_ms: int, told: bool) -> None:
    """Pieces that stand for what was announced, whether its count is known or not, are announced alike."""
    horizon_ms, pieces = horizon_of(pieces, beyond_ms), plain(pieces)
    announced = damp(pieces, horizon_ms)
    known = announced if told else [replace(one, flaps=0, pieces=()) for one in announced]
    again = damp(undamped(known), horizon_ms)
    assert [(one.start_ms, one.stop_ms) for one in again] == [(one.start_ms, one.stop_ms) for one in announced]
    assert [one.flaps > 0 for one in again] == [one.flaps > 0 for one in announced]


@settings(max_examples=60)
@given(courses())
def test_announcements_are_few_and_end_where_they_should(pieces: list[Interval]) -> None:
    """Seen as it happens, an episode of n openings costs its opening, its end and a line for each doubling."""
    announced: tuple[AnnouncedAlarm, ...] = ()
    kinds: list[ChangeKind] = []
    pieces = plain(pieces)
    looks: list[tuple[int, list[Interval]]] = []
    for place, piece in enumerate(pieces):
        before = pieces[:place]
        looks.append((piece.start_ms, [*before, replace(piece, stop_ms=None)]))
        if piece.stop_ms is not None:
            looks += [(piece.stop_ms, [*before, piece]), (piece.stop_ms + HOLD_MS, [*before, piece])]
            if place + 1 < len(pieces) and pieces[place + 1].start_ms <= piece.stop_ms + HOLD_MS:
                looks.pop()
    for now_ms, seen in [*looks, (2 * FAR_MS, pieces)]:
        new = damp(seen, now_ms)
        step = compare(announced, new, rule_id="r", facility=1, severity=Severity.HIGH, now_ms=now_ms)
        announced = step.announced
        kinds += [change.kind for change in step.changes]
    assert set(kinds) <= {ChangeKind.OPENED, ChangeKind.CLOSED, ChangeKind.FLAPPED}
    assert kinds.count(ChangeKind.OPENED) == len(announced)
    assert kinds.count(ChangeKind.FLAPPED) <= sum(one.interval.flaps.bit_length() for one in announced)
    assert [one.interval for one in announced] == damped(pieces, 2 * FAR_MS)


@settings(max_examples=50)
@given(courses(), st.lists(st.integers(0, 39), max_size=6), beyond)
def test_late_pieces_lead_to_the_same_alarms(pieces: list[Interval], late: list[int], beyond_ms: int) -> None:
    """Announced without some pieces, then with them: the announced alarms are those of all pieces."""
    horizon_ms = horizon_of(pieces, beyond_ms)
    known = [one for place, one in enumerate(pieces) if place not in late]

    def told(old: tuple[AnnouncedAlarm, ...], of: list[Interval]) -> tuple[AnnouncedAlarm, ...]:
        new = damp(of, horizon_ms)
        return compare(old, new, rule_id="r", facility=1, severity=Severity.HIGH, now_ms=horizon_ms).announced

    after = told(told((), known), pieces)
    assert [one.interval for one in after] == damped(pieces, horizon_ms)
