"""What a commissioning session knows, as plain values that become JSON and come back unchanged.

A session is resumed from this state alone, so nothing that took time on the bus lives anywhere else. Words are written
by their place, ``"4:12"`` for function 4 and address 12. Numbers that are none (a point that could not be read) are
``null``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import msgspec

from core.places import Text
from gateway.profile import HOLDING_REGISTERS, DataType, Order
from gateway.site_survey.drill import DrillState
from gateway.site_survey.proof import Verdict
from gateway.site_survey.record import Placement, RawFrame
from gateway.site_survey.scan import Heard, Setting
from gateway.transport import Framing, SerialTransport, TcpTransport, TlsOptions, TransactionIds, Transport

FORMAT: Final = "twingrid-site-session/1"
NO_SETTING: Final = Setting()


class Step(StrEnum):
    """The six steps, in order."""

    FIND = "find"
    IDENTIFY = "identify"
    READ = "read"
    PROVE = "prove"
    PLACE = "place"
    SIGN = "sign"


@dataclass(frozen=True, kw_only=True, slots=True)
class BusAddress:
    """The bus of a session: a host or a serial port.

    Attributes:
        id: its name in the gateway's configuration.
        host, port, framing: of a TCP connection; framing also holds on serial (``rtu`` or ``ascii``).
        serial: path of a serial port; empty for TCP.
        tls: TLS around a TCP connection.
        guard_s: least silence before each request.
        gateway: ``group/node`` of the gateway, as far as known.
    """

    id: str = "bus"
    host: str = ""
    port: int = 502
    framing: Framing = Framing.TCP
    serial: str = ""
    tls: TlsOptions | None = None
    guard_s: float = 0.0
    gateway: str = ""

    def transport(self, setting: Setting) -> Transport:
        """How the bus is reached with these settings; on TCP they mean nothing."""
        if not self.serial:
            return TcpTransport(
                host=self.host, port=self.port, framing=self.framing, tls=self.tls, guard_s=self.guard_s
            )
        return SerialTransport(
            path=self.serial,
            baud=setting.baud or 9600,
            parity=setting.parity,
            stop_bits=setting.stop_bits,
            framing=Framing.ASCII if self.framing is Framing.ASCII else Framing.RTU,
            guard_s=self.guard_s,
        )

    def __str__(self) -> str:
        """``host:port framing`` or the serial path."""
        return self.serial or f"{self.host}:{self.port} {self.framing.value}"


@dataclass(frozen=True, slots=True)
class HeardState:
    """What came back for one question of a search."""

    setting: Setting
    unit: int
    what: Heard
    took_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchState:
    """A search, so far.

    Attributes:
        settings, units, timeout_s, thorough: as in ``scan.Scan``.
        heard: every question so far with what came back; nothing of it is asked again.
        ended: whether the search came to its end.
        any_address: every unit id answered, so it is one device that does not care for the id; only the first is kept.
    """

    settings: tuple[Setting, ...]
    units: tuple[int, ...]
    timeout_s: float
    thorough: bool = False
    heard: tuple[HeardState, ...] = ()
    ended: bool = False
    any_address: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FitState:
    """How well a profile fits: its key, maker and model, evidence, share of belief (0 to 1) and the reasons."""

    profile: str
    product: Text
    evidence: float
    share: float
    reasons: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AlikeState:
    """One of several products that fit equally well: its key, maker and model, and what a person can look for."""

    profile: str
    product: Text
    look: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotState:
    """Words that were read at one moment (UTC ms), by place."""

    time_ms: int
    words: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class HypothesisState:
    """One way in which registers hold a quantity; see ``solver.Hypothesis``."""

    function: int
    address: int
    type: DataType
    order: Order
    factor: float
    offset: float
    cost: float
    value: float
    error: float
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownState:
    """What a display showed (as typed), and the words at that moment."""

    shown: str
    time_ms: int
    words: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class SolvedState:
    """One quantity.

    Attributes:
        samples: what was typed, with the words of that moment.
        candidates: hypotheses that agree with all samples, the best first; at most ten.
        chosen: index of the hypothesis in use; -1: none.
        decided: whether the first is clearly better than any that reads another value.
    """

    samples: tuple[ShownState, ...] = ()
    candidates: tuple[HypothesisState, ...] = ()
    chosen: int = -1
    decided: bool = False

    @property
    def hypothesis(self) -> HypothesisState | None:
        """The hypothesis in use."""
        return self.candidates[self.chosen] if 0 <= self.chosen < len(self.candidates) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class SolutionState:
    """How a unit differs from its profile.

    Attributes:
        base: added to every address of the profile.
        order: order of values of several words; None: as the profile says.
        unexplained: quantities that no hypothesis explains.
        differences: all of it in words.
    """

    base: int = 0
    order: Order | None = None
    unexplained: tuple[str, ...] = ()
    differences: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceReading:
    """What a technician saw for one point.

    Attributes:
        register: name of the quantity.
        shown: the number as typed, with its unit where it is another than the register's.
        tolerance: accepted difference in the point's unit, beyond the display's rounding.
        where: ``display``, ``instrument`` or what the technician writes.
        by: who read it.
    """

    register: str
    shown: str
    tolerance: float = 0.0
    where: str = "display"
    by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofState:
    """A reference beside what was read at the same time; see ``proof.Proof``."""

    reading: ReferenceReading
    time_ms: int
    value: float | None
    error: float | None
    allowed: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class PointState:
    """One point of a unit.

    Attributes:
        register: name of its quantity.
        measurement: its name at the facility; the metric is ``facility/measurement``.
        interval_s: how often it will be read.
        unit: UCUM code, where it is not the profile's; empty: as the profile says.
        proof: None until there is one.
    """

    register: str
    measurement: str
    interval_s: float = 10.0
    unit: str = ""
    proof: ProofState | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimingState:
    """How a unit answered while it was watched; times are None if nothing answered."""

    polls: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None
    longest_ms: float | None
    seconds: float

    @property
    def error_percent(self) -> float:
        """Share of polls without a usable answer."""
        return 100 * self.errors / self.polls if self.polls else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitState:
    """One unit of the bus.

    Attributes:
        unit: its id.
        setting: with which it was heard.
        sure: whether what it sent was whole.
        response_ms: time to its first answer; None if it was entered by hand.
        name: in the gateway's configuration; empty: ``unit-7``.
        identity: text of each object of function 43/14.
        asked_identity: whether function 43/14 was asked.
        words, refused, silent: what is known from identification, by place.
        asked: questions asked for it.
        fits: profiles, the best first; at most ten.
        identified: whether the first may be taken without asking a person.
        alike: products that nothing on the wire tells apart; empty: the first of the fits stands alone.
        profile: the profile in use; empty: none.
        snapshots: the last reads, oldest first.
        solution: how the unit differs from the profile; None until something was solved.
        solved: by quantity.
        points: by quantity.
        timing: None until it was watched.
        frames: raw frames of the last proof.
        placement: None until then.
        photos: file name (in the session's folder ``photos``) to SHA-256.
        template: unit whose profile, differences and points it took over; 0: none.
        transaction_ids: with which its answers were heard on Modbus TCP.
    """

    unit: int
    setting: Setting = NO_SETTING
    sure: bool = True
    response_ms: float | None = None
    name: str = ""
    identity: Mapping[int, str] = field(default_factory=dict)
    asked_identity: bool = False
    words: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    asked: int = 0
    fits: tuple[FitState, ...] = ()
    identified: bool = False
    alike: tuple[AlikeState, ...] = ()
    profile: str = ""
    snapshots: tuple[SnapshotState, ...] = ()
    solution: SolutionState | None = None
    solved: Mapping[str, SolvedState] = field(default_factory=dict)
    points: Mapping[str, PointState] = field(default_factory=dict)
    timing: TimingState | None = None
    frames: tuple[RawFrame, ...] = ()
    placement: Placement | None = None
    photos: Mapping[str, str] = field(default_factory=dict)
    template: int = 0
    transaction_ids: TransactionIds = TransactionIds.SAME

    @property
    def label(self) -> str:
        """Its name, or ``unit-7``."""
        return self.name or f"unit-{self.unit}"

    @property
    def done(self) -> tuple[Step, ...]:
        """The steps that are complete for this unit, in order."""
        proofs = [point.proof for point in self.points.values()]
        proven = bool(proofs) and all(one is not None and one.verdict is Verdict.PROVEN for one in proofs)
        facts = {
            Step.FIND: self.sure,
            Step.IDENTIFY: bool(self.profile),
            Step.READ: bool(self.snapshots or self.solved or proven),
            Step.PROVE: proven,
            Step.PLACE: self.placement is not None,
        }
        return tuple(step for step, is_so in facts.items() if is_so)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedState:
    """The last signature: by whom, when, digest of the record, key, and the files in the session's folder."""

    by: str
    time_ms: int
    digest: str
    key: str
    record: str
    paper: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionState:
    """All of a session.

    Attributes:
        bus: where.
        began_ms: when.
        search: None until something was searched.
        units: by unit id.
        signed: None until then; a later change of any unit takes it away.
        drills: the last test alarm of each point, by ``drill_key``; one after the signature leaves that as it is.
        format: of this document.
    """

    bus: BusAddress
    began_ms: int
    search: SearchState | None = None
    units: Mapping[int, UnitState] = field(default_factory=dict)
    signed: SignedState | None = None
    drills: Mapping[str, DrillState] = field(default_factory=dict)
    format: str = FORMAT

    def with_unit(self, unit: UnitState) -> SessionState:
        """The state with one unit changed; what was signed no longer holds."""
        units = dict(sorted({**self.units, unit.unit: unit}.items()))
        return replace(self, units=units, signed=None)


def drill_key(unit: int, register: str) -> str:
    """``7/voltage_l1``."""
    return f"{unit}/{register}"


def place_name(function: int, address: int) -> str:
    """``4:12``."""
    return f"{function}:{address}"


def place_of(name: str) -> tuple[int, int]:
    """Function and address; a bare address is a holding register."""
    function, _, address = name.rpartition(":")
    return int(function or HOLDING_REGISTERS), int(address)


def words_by_name(words: Mapping[tuple[int, int], int]) -> dict[str, int]:
    """Words with their places as names."""
    return {place_name(*place): word for place, word in sorted(words.items())}


def words_by_place(words: Mapping[str, int]) -> dict[tuple[int, int], int]:
    """Words with their places as pairs."""
    return {place_of(name): word for name, word in words.items()}


def to_json(state: SessionState) -> bytes:
    """The state as JSON, indented: a person may want to look at it."""
    return msgspec.json.format(msgspec.json.encode(state), indent=1)


def from_json(data: bytes) -> SessionState:
    """The state from JSON.

    Raises:
        ValueError: if it is none.
    """
    state = msgspec.json.decode(data, type=SessionState)
    if state.format != FORMAT:
        raise ValueError(f"the format is {state.format!r}, not {FORMAT!r}")
    return state


def plain(value: object) -> Any:
    """Any value of this module as lists, mappings, texts and numbers: for ``--json`` and the technician's page."""
    return msgspec.to_builtins(value, str_keys=True)
