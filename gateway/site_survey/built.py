"""From a session to the as-built record, and from a record's document back to values that can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from gateway.profile import DataType, Order, Profile, Register
from gateway.site_survey.drill import DrillState
from gateway.site_survey.fitted import differences, fitted, identity_registers, metric
from gateway.site_survey.proof import Proof, Reference, Timing
from gateway.site_survey.record import FORMAT, AsBuilt, ProvenPoint, UnitRecord
from gateway.site_survey.scan import Setting
from gateway.site_survey.state import (
    ProofState,
    SessionState,
    TimingState,
    UnitState,
    drill_key,
    place_of,
    words_by_place,
)
from gateway.site_survey.typed import shown

NAN = float("nan")


def as_built(
    state: SessionState,
    profiles: Mapping[str, Profile],
    digests: Mapping[str, str],
    by: str,
    time_ms: int,
    version: str,
) -> AsBuilt:
    """The record of all units with points.

    Args:
        state: the session.
        profiles: by key.
        digests: by key, SHA-256 of each profile's file.
        by: who signs.
        time_ms: when.
        version: of the program.
    """
    return AsBuilt(
        gateway=state.bus.gateway,
        bus=state.bus.id,
        transport=str(state.bus),
        units=tuple(
            _unit(unit, profiles.get(unit.profile), digests.get(unit.profile, ""), state.drills)
            for unit in state.units.values()
            if unit.points
        ),
        by=by,
        time_ms=time_ms,
        version=version,
    )


def shipped_digest(key: str) -> str:
    """SHA-256 of a shipped profile's file; empty if it is none of them."""
    file = resources.files("gateway") / "profiles" / f"{key}.yaml"
    return hashlib.sha256(file.read_bytes()).hexdigest() if key and file.is_file() else ""


def _unit(unit: UnitState, profile: Profile | None, digest: str, drills: Mapping[str, DrillState]) -> UnitRecord:
    own = fitted(profile, unit)
    words = words_by_place(unit.words)
    places = {
        (one.function, address)
        for one in (identity_registers(profile) if profile else ())
        for address in range(one.address, one.stop)
    }
    return UnitRecord(
        unit=unit.unit,
        setting=unit.setting,
        profile=unit.profile,
        profile_digest=digest,
        identity=unit.identity,
        signature={place: words[place] for place in sorted(places) if place in words},
        differences=differences(profile, unit),
        points=tuple(
            ProvenPoint(
                metric=metric(unit, point),
                register=own.registers[name],
                proof=_proof(metric(unit, point), point.proof, own.registers[name].unit) if point.proof else None,
                drill=_drill_of(drills.get(drill_key(unit.unit, name)), metric(unit, point)),
            )
            for name, point in unit.points.items()
        ),
        timing=_timing(unit.timing) if unit.timing else None,
        frames=unit.frames,
        placement=unit.placement,
        photos=unit.photos,
        product=profile.product if profile else None,
    )


def _drill_of(drill: DrillState | None, name: str) -> DrillState | None:
    """The test alarm, if it reached a case and was one of this very point."""
    return drill if drill is not None and drill.case and drill.metric == name else None


def _proof(name: str, state: ProofState, unit: str) -> Proof:
    reading = state.reading
    reference = Reference(
        metric=name,
        shown=shown(reading.shown, unit),
        tolerance=reading.tolerance,
        where=reading.where,
        by=reading.by,
        time_ms=state.time_ms,
    )
    return Proof(
        reference=reference,
        value=NAN if state.value is None else state.value,
        error=NAN if state.error is None else state.error,
        allowed=state.allowed,
        verdict=state.verdict,
    )


def _timing(state: TimingState) -> Timing:
    times = (NAN if one is None else one / 1000 for one in (state.p50_ms, state.p99_ms, state.longest_ms))
    p50_s, p99_s, longest_s = times
    return Timing(
        polls=state.polls, errors=state.errors, p50_s=p50_s, p99_s=p99_s, longest_s=longest_s, seconds=state.seconds
    )


# --- and back -------------------------------------------------------------------------------------------------------


def signed_units(content: Mapping[str, Any]) -> tuple[UnitRecord, ...]:
    """The units of a record's document, with what later reads are compared with.

    Raises:
        ValueError: if it is no record.
    """
    if content.get("format") != FORMAT:
        raise ValueError(f"the format is {content.get('format')!r}, not {FORMAT!r}")
    try:
        return tuple(_signed_unit(unit) for unit in content["units"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks {error}") from None


def _signed_unit(unit: Mapping[str, Any]) -> UnitRecord:
    return UnitRecord(
        unit=int(unit["unit"]),
        setting=Setting.of(unit["setting"]),
        profile=unit["profile"],
        profile_digest=unit["profile_sha256"],
        identity={int(number): text for number, text in unit["identity"].items()},
        signature={place_of(name): int(word) for name, word in unit["signature"].items()},
        differences=tuple(unit["differences"]),
        points=tuple(ProvenPoint(metric=point["metric"], register=_register(point)) for point in unit["points"]),
    )


def _register(point: Mapping[str, Any]) -> Register:
    factor = float(point["factor"])
    return Register(
        name=point["metric"],
        function=int(point["function"]),
        address=int(point["address"]),
        type=DataType(point["type"]),
        order=Order(point["order"]),
        scale=factor if factor >= 1 else 1.0,
        divisor=1.0 if factor >= 1 else 1 / factor,
        offset=float(point["offset"]),
        unit=point["unit"],
    )
