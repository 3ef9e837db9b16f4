"""The life cycle of an alarm, and of the flags beside it, as tables (``docs/alarms.md``, part 7).

State and event decide the next state. Latching rules (gas, fire, a person trapped) do not return by themselves: they
wait, latched, for a reset. A pair that is not in the table changes nothing; callers count it. Flags keep an alarm
silent and leave its state alone, so nothing is lost beneath them. Source: ANSI/ISA-18.2, OPC UA Part 9.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.alarms import AlarmEvent, AlarmState
from core.flags import FlagEvent, FlagKind, FlagState

_S, _E = AlarmState, AlarmEvent
_F, _K, _V = FlagState, FlagKind, FlagEvent

TABLE: Mapping[tuple[AlarmState, AlarmEvent], AlarmState] = {
    (_S.NORMAL, _E.ENTER): _S.UNACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.CLEAR): _S.RETURNED_UNACKNOWLEDGED,
    (_S.UNACKNOWLEDGED, _E.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.RISE): _S.UNACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _E.CLEAR): _S.NORMAL,
    (_S.ACKNOWLEDGED, _E.ANNUNCIATE): _S.UNACKNOWLEDGED,
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


FLAG_TABLE: Mapping[tuple[FlagKind, FlagState, FlagEvent], FlagState] = {
    (_K.SHELVED, _F.DOWN, _V.RAISE): _F.STANDING,
    (_K.SHELVED, _F.STANDING, _V.LOWER): _F.DOWN,
    (_K.SHELVED, _F.STANDING, _V.EXPIRE): _F.DOWN,
    (_K.SUPPRESSED, _F.DOWN, _V.RAISE): _F.STANDING,
    (_K.SUPPRESSED, _F.STANDING, _V.LOWER): _F.DOWN,
    (_K.SUPPRESSED, _F.STANDING, _V.EXPIRE): _F.DOWN,
    (_K.OUT_OF_SERVICE, _F.DOWN, _V.RAISE): _F.STANDING,
    (_K.OUT_OF_SERVICE, _F.STANDING, _V.LOWER): _F.DOWN,
    (_K.OUT_OF_SERVICE, _F.STANDING, _V.EXPIRE): _F.OVERDUE,
    (_K.OUT_OF_SERVICE, _F.OVERDUE, _V.EXTEND): _F.STANDING,
    (_K.OUT_OF_SERVICE, _F.OVERDUE, _V.LOWER): _F.DOWN,
}
"""Out of service never ends by itself: somebody took it out, and the clock does not know whether it is whole again."""


def next_flag(kind: FlagKind, state: FlagState, event: FlagEvent) -> FlagState | None:
    """The next state of a flag, or ``None`` where the table has no such step."""
    return FLAG_TABLE.get((kind, state, event))
