"""A signal: a unit, a provenance and a value for every moment.

A value is a pure function of simulated time (and of the seed and the incident windows fixed at construction). Nothing
is integrated step by step: models are written in closed form, so a moment can be asked for in any order and any number
of times, and a test can recompute what was served.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ProvenanceKind(StrEnum):
    """What a signal is; shown wherever its values are shown."""

    MODEL = "model"
    RECORDED = "recorded"
    CONSTANT = "constant"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a signal's values come from.

    Attributes:
        kind: model, recorded or constant.
        name: the model's name, or the data set's.
        detail: parameters a reader must know (playback speed, exact unit conversion, compressed time).
        source: origin of a recording (repository and commit); empty for models.
        file: excerpt file under `firmware_sim/recordings/`; empty for models.
        licence: SPDX id of a recording's licence; empty for models.
    """

    kind: ProvenanceKind
    name: str
    detail: str = ""
    source: str = ""
    file: str = ""
    licence: str = ""


class Signal(Protocol):
    """One quantity over simulated time."""

    @property
    def unit(self) -> str:
        """UCUM code of the values; "1" for numbers and states."""
        ...

    @property
    def provenance(self) -> Provenance:
        """Where the values come from."""
        ...

    def value(self, time_s: float) -> float:
        """The value at simulated time `time_s` (seconds since 1970 UTC); NaN where there is none."""
        ...


@dataclass(frozen=True, kw_only=True)
class ModelSignal:
    """One output of a physical model."""

    unit: str
    model: str
    function: Callable[[float], float]
    detail: str = ""

    @property
    def provenance(self) -> Provenance:
        """Model, by name."""
        return Provenance(kind=ProvenanceKind.MODEL, name=self.model, detail=self.detail)

    def value(self, time_s: float) -> float:
        """The model's output at `time_s`."""
        return float(self.function(time_s))


@dataclass(frozen=True, kw_only=True)
class ConstantSignal:
    """A setting: an address, a baud rate, a set point."""

    unit: str
    constant: float

    @property
    def provenance(self) -> Provenance:
        """A constant."""
        return Provenance(kind=ProvenanceKind.CONSTANT, name="setting")

    def value(self, time_s: float) -> float:
        """The constant, at any time."""
        return self.constant


@dataclass(frozen=True, kw_only=True)
class ConvertedSignal:
    """The same quantity in another unit: value x factor + offset, both exact.

    This is for units (kW to W, metre of distance to millimetre) and for what an instrument really does (a level meter
    that reports distance). It must not turn a recording of one thing into another.
    """

    unit: str
    of: Signal
    factor: float = 1.0
    offset: float = 0.0
    reason: str = ""

    @property
    def provenance(self) -> Provenance:
        """That of the source, with the conversion said."""
        origin = self.of.provenance
        note = f"{self.of.unit} to {self.unit}: x {self.factor:g} + {self.offset:g}"
        note += f" ({self.reason})" if self.reason else ""
        return Provenance(
            kind=origin.kind,
            name=origin.name,
            detail=f"{origin.detail}; {note}" if origin.detail else note,
            source=origin.source,
            file=origin.file,
            licence=origin.licence,
        )

    def value(self, time_s: float) -> float:
        """The converted value at `time_s`."""
        return self.of.value(time_s) * self.factor + self.offset
