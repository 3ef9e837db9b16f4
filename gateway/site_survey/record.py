"""The as-built record: what was found on site, proven by whom, as one document that can be checked later.

The document is JSON in canonical form (keys sorted, no white space, UTF-8), so that the same facts are the same bytes.
Its digest is SHA-256 over these bytes; the signature is made over the digest by whoever holds the gateway's key
(``sign``). ``contradictions`` compares what a unit shows later with what was signed: a device that was swapped, a map
that changed, a value that was shifted. They are findings of the installation, never of the process.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.places import Text
from gateway.profile import Register
from gateway.quantities import called
from gateway.site_survey.drill import DrillState
from gateway.site_survey.proof import Proof, Timing, Verdict
from gateway.site_survey.scan import Setting
from gateway.site_survey.words import Observation, Snapshot, decoded

FORMAT: Final = "twingrid-as-built/1"


@dataclass(frozen=True, kw_only=True, slots=True)
class RawFrame:
    """A question and its answer as they were on the wire, in hexadecimal."""

    sent: str
    received: str
    time_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where a unit belongs.

    Attributes:
        facility: its code.
        facility_class: its class.
        governance_cell, construction_cell: cells of the two grids; empty if not known on site.
        note: what the technician writes.
    """

    facility: str
    facility_class: str = ""
    governance_cell: str = ""
    construction_cell: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvenPoint:
    """One point of the record.

    Attributes:
        metric: ``facility/measurement``.
        register: how it is read.
        proof: the reference beside what was read; None if it was not proven.
        drill: the test alarm that was sent from here; None if there was none.
    """

    metric: str
    register: Register
    proof: Proof | None = None
    drill: DrillState | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitRecord:
    """One unit.

    Attributes:
        unit: its id.
        setting: of its bus.
        profile, profile_digest: the profile, and SHA-256 of the profile file that was used.
        product: its maker and model.
        identity: what it says of itself (43/14), by object id.
        signature: words that identify it, by function and address: compared later.
        differences: how it differs from the profile, as the solver found.
        points: what is read from it.
        timing: how it answered while it was watched.
        frames: raw frames of the proof.
        placement: where it belongs; None until then.
        photos: file name and SHA-256 of each.
    """

    unit: int
    setting: Setting
    profile: str
    profile_digest: str
    identity: Mapping[int, str]
    signature: Mapping[tuple[int, int], int]
    differences: tuple[str, ...] = ()
    points: tuple[ProvenPoint, ...] = ()
    timing: Timing | None = None
    frames: tuple[RawFrame, ...] = ()
    placement: Placement | None = None
    photos: Mapping[str, str] = field(default_factory=dict)
    product: Text | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AsBuilt:
    """The record of a bus.

    Attributes:
        gateway: group and node of the gateway.
        bus: its id.
        transport: how it is reached, in words.
        units: what hangs on it.
        by: who signs.
        time_ms: when.
        version: of the program.
    """

    gateway: str
    bus: str
    transport: str
    units: tuple[UnitRecord, ...]
    by: str
    time_ms: int
    version: str

    @property
    def unproven(self) -> tuple[str, ...]:
        """Points without a proof that holds."""
        return tuple(
            point.metric
            for unit in self.units
            for point in unit.points
            if point.proof is None or point.proof.verdict is not Verdict.PROVEN
        )


def document(record: AsBuilt) -> dict[str, Any]:
    """The record as plain data, as it is written to JSON."""
    return {
        "format": FORMAT,
        "gateway": record.gateway,
        "bus": record.bus,
        "transport": record.transport,
        "by": record.by,
        "time_ms": record.time_ms,
        "version": record.version,
        "units": [_unit(unit) for unit in record.units],
    }


def canonical(content: Mapping[str, Any]) -> bytes:
    """Plain data as the bytes that are signed."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()  # fmt: skip


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a document, in hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()


def _unit(unit: UnitRecord) -> dict[str, Any]:
    return {
        "unit": unit.unit,
        "setting": str(unit.setting),
        "profile": unit.profile,
        "product": _spoken(unit.product) if unit.product else None,
        "profile_sha256": unit.profile_digest,
        "identity": {str(number): text for number, text in sorted(unit.identity.items())},
        "signature": {f"{function}:{address}": word for (function, address), word in sorted(unit.signature.items())},
        "differences": list(unit.differences),
        "points": [_point(point) for point in unit.points],
        "timing": _timing(unit.timing) if unit.timing else None,
        "frames": [{"sent": one.sent, "received": one.received, "time_ms": one.time_ms} for one in unit.frames],
        "placement": _placement(unit.placement) if unit.placement else None,
        "photos": dict(sorted(unit.photos.items())),
    }


def _point(point: ProvenPoint) -> dict[str, Any]:
    register = point.register
    return {
        "metric": point.metric,
        "quantity": register.name,
        "label": _spoken(called(register)),
        "function": register.function,
        "address": register.address,
        "type": register.type.value,
        "order": register.order.value,
        "factor": register.scale / register.divisor,
        "offset": register.offset,
        "unit": register.unit,
        "proof": _proof(point.proof) if point.proof else None,
        **({"test_alarm": _drill(point.drill)} if point.drill else {}),
    }


def _drill(drill: DrillState) -> dict[str, Any]:
    return {
        "id": drill.id,
        "stage": drill.stage.value,
        "asked_ms": drill.asked_ms,
        "by": drill.by,
        "case": drill.case,
        "joined": drill.joined,
        "answered_after_s": drill.took_s,
        "opened_ms": drill.opened_ms,
        "ended_ms": drill.ended_ms,
        "recipients": [
            {
                "zh": one.name.zh,
                "en": one.name.en,
                "task": one.task,
                "grid": one.grid,
                "confirmed_ms": one.confirmed_ms,
            }
            for one in drill.recipients
        ],
    }


def _proof(proof: Proof) -> dict[str, Any]:
    reference = proof.reference
    return {
        "shown": reference.shown.value,
        "resolution": 2 * reference.shown.half,
        "tolerance": reference.tolerance,
        "where": reference.where,
        "by": reference.by,
        "time_ms": reference.time_ms,
        "read": _number(proof.value),
        "error": _number(proof.error),
        "verdict": proof.verdict.value,
    }


def _timing(timing: Timing) -> dict[str, Any]:
    return {
        "polls": timing.polls,
        "errors": timing.errors,
        "p50_ms": _milliseconds(timing.p50_s),
        "p99_ms": _milliseconds(timing.p99_s),
        "seconds": round(timing.seconds, 1),
    }


def _placement(placement: Placement) -> dict[str, Any]:
    return {
        "facility": placement.facility,
        "class": placement.facility_class,
        "governance_cell": placement.governance_cell,
        "construction_cell": placement.construction_cell,
        "note": placement.note,
    }


def _spoken(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _milliseconds(seconds: float) -> float | None:
    return round(1000 * seconds, 1) if math.isfinite(seconds) else None


# --- afterwards -----------------------------------------------------------------------------------------------------


def contradictions(signed: UnitRecord, seen: Observation) -> tuple[Text, ...]:
    """What speaks against a unit still being the one that was signed.

    Only what was asked for again counts: nothing heard is nothing said.
    """
    found: list[Text] = []
    for number, text in signed.identity.items():
        now = seen.identity.get(number)
        if seen.asked_identity and now is not None and now != text:
            found.append(Text(zh=f"设备自报由 {text!r} 变为 {now!r}", en=f"says {now!r}, was {text!r}"))
    for place, word in signed.signature.items():
        name = f"{place[0]}:{place[1]}"
        if place in seen.refused:
            found.append(Text(zh=f"寄存器 {name} 现被拒绝", en=f"register {name} is refused now"))
        elif place in seen.words and seen.words[place] != word:
            now_word = seen.words[place]
            found.append(
                Text(zh=f"特征寄存器 {name} 由 {word} 变为 {now_word}", en=f"register {name} is {now_word}, was {word}")
            )
    lost = [point.metric for point in signed.points if seen.refuses(point.register)]
    if lost:
        found.append(
            Text(zh=f"测点 {'、'.join(lost)} 的寄存器现被拒绝", en=f"registers of {', '.join(lost)} are refused now")
        )
    return tuple(found)


def step(signed: UnitRecord, metric: str, shown: float, snapshot: Snapshot) -> Text | None:
    """A later reference that no longer agrees: an offset step of this point; None if it agrees, or cannot be judged.

    Args:
        signed: the unit as signed.
        metric: the point.
        shown: what a person reads now.
        snapshot: what the gateway reads at the same time.
    """
    for point in signed.points:
        if point.metric != metric or point.proof is None:
            continue
        value = decoded(snapshot, [point.register]).get(point.register.name, (math.nan, 0, ""))[0]
        if not math.isnan(value) and abs(value - shown) > point.proof.allowed:
            return Text(
                zh=f"{metric} 读数 {value:g}，现场 {shown:g}", en=f"{metric} reads {value:g}, on site {shown:g}"
            )
    return None


def _addresses(register: Register) -> Sequence[int]:
    return range(register.address, register.stop)
