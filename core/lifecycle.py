"""The life cycle of an alarm as a table: state and event decide the next state (``docs/alarms.md``, part 7).

Latching rules (gas, fire, a person trapped) do not return by themselves: they wait, latched, for a reset. A pair that
is not in the table changes nothing; callers count it. Source: ANSI/ISA-18.2, OPC UA Part 9.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.alarms import AlarmEvent, AlarmState

_S, _E = AlarmState, AlarmEvent

TABLE: Mapping[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (_S.NORMAL, _E.ENTER): _S.UNACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.CLEAR): _S.RETURNED_UNACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.RISE): _S.UNACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.CLEAR): _S.NORMAL,
    (_S.RETURNED_UNACKNOWLEDGED, _E.ENTER): _S.UNACKNOWLEDGED,
    (_S.RETURNED_UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.NORMAL,
    (_S.LATCHED_UNACKNOWLEDGED, _E.ENTER): _S.UNACKNOWLEDGED,
    (_S.LATCHED_UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.LATCHED_ACKNOWLEDGED,
    (_S.LATCHED_ACKNOWLEDGED, _E.ENTER): _S.UNACKNOWLEDGED,
    (_S.LATCHED_ACKNOWLEDGED, _E.RESET): _S.NORMAL,
}

LATCHING: Mapping[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (_S.UNACKNOWLEDGED, _E.CLEAR): _S.LATCHED_UNACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.CLEAR): _S.LATCHED_ACKNOWLEDGED,
}
"""Where latching rules go another way."""


def next_state(state: AlarmState, event: AlarmEvent, *, latching: bool) -> AlarmState | None:
    """The next state, or ``None`` where the table has no such step."""
    if latching and (state, event) in LATCHING:
        return LATCHING[state, event]
    return TABLE.get((state, event))
