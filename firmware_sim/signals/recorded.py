"""A recording, played back: its own values, its own unit, its own gaps, over and over.

Each value holds until the next row; where the recording has a gap longer than `max_hold_s` the signal is NaN (the
instrument had nothing). After the last row the excerpt begins again; `position` says which round it is, so a reader
can tell the seam from an event. Playing faster than recorded is allowed and said in the provenance; rescaling values
is not, only an exact conversion of the unit.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from firmware_sim.signals.base import ConvertedSignal, Provenance, ProvenanceKind, Signal

RECORDINGS: Final = Path(str(resources.files("firmware_sim") / "recordings"))


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Where an excerpt comes from; the long form is in `recordings/NOTICE.md`."""

    key: str
    file: str
    title: str
    unit: str
    licence: str
    source: str


class Playback(NamedTuple):
    """Where in the recording a moment falls."""

    round_number: int
    offset_s: float


class Rows(NamedTuple):
    """Seconds since the first row, values, and the length of the excerpt."""

    offsets_s: tuple[float, ...]
    values: tuple[float, ...]
    length_s: float


@dataclass(frozen=True, kw_only=True)
class RecordedSignal:
    """One excerpt, played from simulated time `start_s` on.

    Attributes:
        data_set: which recording.
        start_s: simulated time of its first row.
        playback_speed: recorded seconds per simulated second.
        max_hold_s: recorded seconds for which a value holds; longer gaps are NaN.
    """

    data_set: DataSet
    start_s: float
    playback_speed: float = 1.0
    max_hold_s: float = 7200.0

    @property
    def unit(self) -> str:
        """The recording's own unit."""
        return self.data_set.unit

    @property
    def provenance(self) -> Provenance:
        """Recorded, with its origin, licence and playback speed."""
        speed = "as recorded" if self.playback_speed == 1 else f"{self.playback_speed:g} times as fast as recorded"
        length_h = load(self.data_set.file).length_s / 3600.0 / self.playback_speed
        return Provenance(
            kind=ProvenanceKind.RECORDED,
            name=self.data_set.title,
            detail=f"played {speed}, begins again every {length_h:.1f} h",
            source=self.data_set.source,
            file=self.data_set.file,
            licence=self.data_set.licence,
        )

    def position(self, time_s: float) -> Playback:
        """Round (from 0) and recorded seconds since the first row; the round changes at the seam."""
        played = (time_s - self.start_s) * self.playback_speed
        length = load(self.data_set.file).length_s
        number = math.floor(played / length)
        return Playback(number, played - number * length)

    def value(self, time_s: float) -> float:
        """The recorded value at `time_s`; NaN inside a long gap."""
        rows = load(self.data_set.file)
        offset = self.position(time_s).offset_s
        row = bisect_right(rows.offsets_s, offset) - 1
        return rows.values[row] if offset - rows.offsets_s[row] <= self.max_hold_s else math.nan


def recording_of(signal: Signal) -> RecordedSignal | None:
    """The recording behind a signal, through its conversions; None for models and settings."""
    while isinstance(signal, ConvertedSignal):
        signal = signal.of
    return signal if isinstance(signal, RecordedSignal) else None


@cache
def load(file: str) -> Rows:
    """An excerpt: CSV with `time` (ISO 8601, UTC) and `value`.

    Raises:
        ValueError: rows out of order, or fewer than two.
        OSError: no such file.
    """
    with (RECORDINGS / file).open(encoding="utf-8", newline="") as source:
        rows = [(datetime.fromisoformat(row["time"]), float(row["value"])) for row in csv.DictReader(source)]
    if len(rows) < 2 or any(a[0] >= b[0] for a, b in pairwise(rows)):
        raise ValueError(f"{file}: needs at least two rows in order of time")
    offsets = tuple((time - rows[0][0]).total_seconds() for time, _ in rows)
    usual_step = sorted(b - a for a, b in pairwise(offsets))[len(offsets) // 2]
    return Rows(offsets, tuple(value for _, value in rows), offsets[-1] + usual_step)


SANTANDER_21: Final = DataSet(
    key="santander-21",
    file="cc_by_sa_4/santander21_outdoor_temperature.csv",
    title="SmartSantander outdoor temperature, mote 21",
    unit="Cel",
    licence="CC-BY-SA-4.0",
    source="de Bruijn et al. 2016, github.com/fjaviernieto/Sensor-Trust-Tools 55fffe5",
)
SANTANDER_661: Final = DataSet(
    key="santander-661",
    file="cc_by_sa_4/santander661_outdoor_temperature.csv",
    title="SmartSantander outdoor temperature, mote 661",
    unit="Cel",
    licence="CC-BY-SA-4.0",
    source="de Bruijn et al. 2016, github.com/fjaviernieto/Sensor-Trust-Tools 55fffe5",
)
SANTANDER_16: Final = DataSet(
    key="santander-16",
    file="cc_by_sa_4/santander16_outdoor_temperature.csv",
    title="SmartSantander outdoor temperature, mote 16",
    unit="Cel",
    licence="CC-BY-SA-4.0",
    source="de Bruijn et al. 2016, github.com/fjaviernieto/Sensor-Trust-Tools 55fffe5",
)
WATER_FLOW: Final = DataSet(
    key="water-flow",
    file="water_flow.csv",
    title="Water flow in a pipeline branch",
    unit="L/s",
    licence="BSD-3-Clause",
    source="river 0.26.1 datasets/water-flow.csv, donated by Tecnojest s.r.l.",
)
MACHINE_TEMPERATURE: Final = DataSet(
    key="nab-machine-temperature",
    file="nab_machine_temperature.csv",
    title="NAB machine temperature, system failure (unit not stated by the source)",
    unit="1",
    licence="MIT",
    source="github.com/numenta/NAB ea702d7",
)
DATA_SETS: Final = {d.key: d for d in (SANTANDER_16, SANTANDER_21, SANTANDER_661, WATER_FLOW, MACHINE_TEMPERATURE)}
