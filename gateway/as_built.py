"""The signed record of a bus, against which live polling holds what it reads: loaded, verified, told from a newer one.

``site_sign`` needs the cryptography package, so it is imported only where a bus names a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Refused
from gateway import site_findings as say
from gateway.site_survey import built
from gateway.site_survey.record import UnitRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedUnit:
    """One unit as it was signed.

    Attributes:
        record: what it says of itself, signature words, points with their registers.
        read: metrics that were read when it was proven.
    """

    record: UnitRecord
    read: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedBus:
    """A record: its digest, and its units by id."""

    digest: str
    units: Mapping[int, SignedUnit]


def load(path: Path) -> SignedBus:
    """Read and verify a record.

    Raises:
        Refused: if it cannot be read, is none, was altered, or its signature does not hold.
    """
    from gateway import site_sign

    try:
        data = path.read_bytes()
    except OSError as error:
        raise Refused(say.NO_RECORD(file=path, why=error.strerror or error)) from None
    found = site_sign.verify(data, str(path))
    if not found.holds:
        raise Refused(say.RECORD_BROKEN(file=path))
    try:
        units = built.signed_units(found.content)
        read = {int(unit["unit"]): _read(unit) for unit in found.content["units"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(say.NO_RECORD(file=path, why=error)) from None
    return SignedBus(
        digest=found.digest, units={one.unit: SignedUnit(record=one, read=read[one.unit]) for one in units}
    )


def stamp(path: Path) -> tuple[int, int]:
    """What tells a file from the one that was there before: time and size; zeros if there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _read(unit: Mapping[str, Any]) -> frozenset[str]:
    proofs = ((str(point["metric"]), point["proof"]) for point in unit["points"])
    return frozenset(metric for metric, proof in proofs if proof and proof["read"] is not None)
