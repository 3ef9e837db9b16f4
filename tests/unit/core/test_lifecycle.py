"""The life cycle of an alarm: the table of ISA-18.2, and what holds for any sequence of events."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.alarms import AlarmEvent, AlarmState
from core.flags import FlagEvent, FlagKind, FlagState
from core.lifecycle import FLAG_TABLE, LATCHING, TABLE, next_flag, next_state

SPECIFICATION = Path(__file__).parents[3] / "docs" / "alarms.md"

ABNORMAL = {AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED}
LATCHED = {AlarmState.LATCHED_UNACKNOWLEDGED, AlarmState.LATCHED_ACKNOWLEDGED}
UNSEEN = {AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED, AlarmState.LATCHED_UNACKNOWLEDGED}

sequences = st.lists(st.sampled_from(list(AlarmEvent)), max_size=20)


def run(events: list[AlarmEvent], *, latching: bool) -> list[AlarmState]:
    """The states on the way; events that are not in the table change nothing."""
    states = [AlarmState.NORMAL]
    for event in events:
        states.append(next_state(states[-1], event, latching=latching) or states[-1])
    return states


@given(sequences, st.booleans())
def test_the_process_side_follows_enter_and_clear(events: list[AlarmEvent], latching: bool) -> None:
    """Whatever people do in between, the state says abnormal exactly while the last process event was an entry."""
    on = False
    for event, state in zip(events, run(events, latching=latching)[1:], strict=True):
        on = event is AlarmEvent.ENTER or (on and event is not AlarmEvent.CLEAR)
        assert (state in ABNORMAL) == on


@given(sequences)
def test_nothing_latches_by_itself(events: list[AlarmEvent]) -> None:
    """Rules that do not latch never reach a latched state."""
    assert not LATCHED & set(run(events, latching=False))


@given(sequences)
def test_a_latched_alarm_returns_only_by_reset(events: list[AlarmEvent]) -> None:
    """Of a latching rule no alarm comes back to normal without a reset after its acknowledgement."""
    states = run(events, latching=True)
    for event, before, after in zip(events, states, states[1:], strict=False):
        if after is AlarmState.NORMAL and before is not AlarmState.NORMAL:
            assert event is AlarmEvent.RESET
            assert before is AlarmState.LATCHED_ACKNOWLEDGED


@given(sequences, st.booleans())
def test_only_an_acknowledgement_acknowledges(events: list[AlarmEvent], latching: bool) -> None:
    """What nobody has seen stays unseen until somebody acknowledges it."""
    states = run(events, latching=latching)
    for event, before, after in zip(events, states, states[1:], strict=False):
        if before in UNSEEN and after not in UNSEEN:
            assert event is AlarmEvent.ACKNOWLEDGE


def test_the_tables_name_no_step_to_itself() -> None:
    """An entry that changes nothing would hide that an event was ignored."""
    assert all(state is not target for (state, _), target in [*TABLE.items(), *LATCHING.items()])
    assert next_state(AlarmState.NORMAL, AlarmEvent.CLEAR, latching=False) is None


@given(sequences, st.booleans())
def test_annunciation_makes_nothing_of_what_is_not_on(events: list[AlarmEvent], latching: bool) -> None:
    """An alarm that is on asks anew; one that is not stays as it is."""
    state = run(events, latching=latching)[-1]
    after = next_state(state, AlarmEvent.ANNUNCIATE, latching=latching) or state
    assert after is (AlarmState.UNACKNOWLEDGED if state in ABNORMAL else state)


@given(st.sampled_from(FlagKind), st.lists(st.sampled_from(FlagEvent), max_size=20))
def test_a_flag_stands_from_raising_to_lowering(kind: FlagKind, events: list[FlagEvent]) -> None:
    """Out of service ends by hand alone; the others end by hand or by time, and nothing raises twice."""
    state, stands = FlagState.DOWN, False
    for event in events:
        state = next_flag(kind, state, event) or state
        by_time = event is FlagEvent.EXPIRE and kind is not FlagKind.OUT_OF_SERVICE
        stands = event is FlagEvent.RAISE or (stands and event is not FlagEvent.LOWER and not by_time)
        assert (state is not FlagState.DOWN) == stands
        assert state is not FlagState.OVERDUE or kind is FlagKind.OUT_OF_SERVICE


def test_the_tables_are_those_of_the_specification() -> None:
    """Every step of a flag, and every state with its steps, stands in docs/alarms.md as in the code."""
    text = SPECIFICATION.read_text(encoding="utf-8")
    for (kind, stands, step), after in FLAG_TABLE.items():
        assert f"| {kind} | {stands} | {step} | {after} |" in text
    for state in AlarmState:
        cells = [str(state).replace("_", " ")]
        for event in AlarmEvent:
            ways = [table[state, event] for table in (TABLE, LATCHING) if (state, event) in table]
            cells.append(" / ".join(str(way).replace("_", " ") for way in ways) or "–")
        assert f"| {' | '.join(cells)} |" in text
