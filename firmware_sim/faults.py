"""Faults of instruments, answers and lines: what they are and what they do at a given moment.

Incidents happen to the plant (a pump trips; see `firmware_sim.incidents`); faults happen to the measuring chain. A
`FaultPlan` is asked, with the simulated time, what applies; it has no state and no clock, so a run can be repeated
from its seed.

    kind        target             effect
    stuck       device (register)  the value of the moment the fault began
    spike       device (register)  `magnitude` is added for one second, in a share `probability` of the seconds
    drift       device (register)  `magnitude` per minute is added, growing
    offset      device (register)  `magnitude` is added
    dropout     device             no answer (Modbus) or no message (MQTT)
    slow        device             the answer comes `delay_s` later
    exception   device             exception `code` instead of an answer
    malformed   device             a broken answer: wrong_transaction, wrong_unit, wrong_function, truncated, split
                                   (one byte at a time) or junk_before
    cut         line               TCP connections are refused, or (mode reset) taken and reset

Values are in the register's engineering unit. Delays are real time, windows simulated time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from firmware_sim.noise import derive_seed, uniform
from firmware_sim.signals.base import Signal
from firmware_sim.signals.windows import Schedule


class FaultKind(StrEnum):
    """What can go wrong."""

    STUCK = "stuck"
    SPIKE = "spike"
    DRIFT = "drift"
    OFFSET = "offset"
    DROPOUT = "dropout"
    SLOW = "slow"
    EXCEPTION = "exception"
    MALFORMED = "malformed"
    CUT = "cut"


class Malformation(StrEnum):
    """How an answer can be broken."""

    WRONG_TRANSACTION = "wrong_transaction"
    WRONG_UNIT = "wrong_unit"
    WRONG_FUNCTION = "wrong_function"
    TRUNCATED = "truncated"
    SPLIT = "split"
    JUNK_BEFORE = "junk_before"


class CutMode(StrEnum):
    """How a cut line behaves."""

    REFUSE = "refuse"
    RESET = "reset"


SIGNAL_FAULTS: Final = frozenset({FaultKind.STUCK, FaultKind.SPIKE, FaultKind.DRIFT, FaultKind.OFFSET})
ANSWER_FAULTS: Final = frozenset({FaultKind.DROPOUT, FaultKind.SLOW, FaultKind.EXCEPTION, FaultKind.MALFORMED})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault with its window.

    Attributes:
        kind: what.
        target: device id; line id for `cut`.
        when: windows.
        register: register or payload field; empty: every one of the device.
        magnitude: see the table above.
        probability: share of seconds with a spike.
        delay_s: how much later the answer comes.
        code: exception code.
        malformation: how the answer is broken.
        cut_mode: how the line is cut.
        seed: fixes the spikes.
    """

    kind: FaultKind
    target: str
    when: Schedule
    register: str = ""
    magnitude: float = 0.0
    probability: float = 0.1
    delay_s: float = 0.0
    code: int = 4
    malformation: Malformation = Malformation.TRUNCATED
    cut_mode: CutMode = CutMode.REFUSE
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class AnswerPlan:
    """What happens to the answer of a device now."""

    drop: bool = False
    delay_s: float = 0.0
    exception_code: int | None = None
    malformation: Malformation | None = None


_NORMAL: Final = AnswerPlan()


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """All faults of a run."""

    faults: tuple[Fault, ...] = ()
    _by_target: dict[str, list[Fault]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_target: dict[str, list[Fault]] = {}
        for fault in self.faults:
            by_target.setdefault(fault.target, []).append(fault)
        object.__setattr__(self, "_by_target", by_target)

    def value(self, device_id: str, register: str, signal: Signal, time_s: float) -> float:
        """What the instrument shows instead of `signal` at `time_s`."""
        faults = self._by_target.get(device_id)
        if not faults:
            return signal.value(time_s)
        return _faulty_value(faults, register, signal, time_s)

    def answer(self, device_id: str, time_s: float) -> AnswerPlan:
        """What happens to an answer of the device at `time_s`."""
        active = [f for f in self._by_target.get(device_id, ()) if f.kind in ANSWER_FAULTS and f.when.active(time_s)]
        if not active:
            return _NORMAL
        return AnswerPlan(
            drop=any(f.kind is FaultKind.DROPOUT for f in active),
            delay_s=sum(f.delay_s for f in active if f.kind is FaultKind.SLOW),
            exception_code=next((f.code for f in active if f.kind is FaultKind.EXCEPTION), None),
            malformation=next((f.malformation for f in active if f.kind is FaultKind.MALFORMED), None),
        )

    def cut(self, line_id: str, time_s: float) -> CutMode | None:
        """How the line is cut at `time_s`; None: it is not."""
        for fault in self._by_target.get(line_id, ()):
            if fault.kind is FaultKind.CUT and fault.when.active(time_s):
                return fault.cut_mode
        return None


def _faulty_value(faults: Sequence[Fault], register: str, signal: Signal, time_s: float) -> float:
    shown = math.nan
    added = 0.0
    stuck = False
    for fault in faults:
        window = fault.when.active(time_s)
        if fault.kind not in SIGNAL_FAULTS or window is None or fault.register not in ("", register):
            continue
        if fault.kind is FaultKind.STUCK:
            stuck, shown = True, signal.value(window.start_s)
        elif fault.kind is FaultKind.DRIFT:
            added += fault.magnitude * (time_s - window.start_s) / 60.0
        elif (
            fault.kind is FaultKind.OFFSET
            or uniform(derive_seed(fault.seed, f"{fault.target}/{register}"), math.floor(time_s)) < fault.probability
        ):
            added += fault.magnitude
    return (shown if stuck else signal.value(time_s)) + added
