"""The wire: who talks when, and what is heard where two talk at once. Pure arithmetic, no clock, no I/O.

A byte takes its slot of one character time. Where the slots of two talkers overlap, both bytes are heard wrong, the
same wrong for everybody, and a listener hears one byte there, not two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firmware_sim.noise import uniform

MASTER: Final = 0
_TOUCH_S: Final = 1e-9  # slots that only touch do not overlap
_LONGEST_FRAME: Final = 520
_REMEMBERED_S: Final = 0.1


@dataclass(kw_only=True)
class Burst:
    """Bytes that one talker puts on the wire without a pause.

    Attributes:
        number: running number, fixes how its bytes are garbled.
        talker: MASTER or the talker number of a unit.
        start_s: start of the first byte.
        character_s: time of a byte.
        data: the bytes as sent.
        told: how many of them a port has been told.
    """

    number: int
    talker: int
    start_s: float
    character_s: float
    data: bytes
    told: int = 0

    @property
    def end_s(self) -> float:
        """End of the last byte."""
        return self.slot_end_s(len(self.data) - 1)

    def slot_end_s(self, index: int) -> float:
        """End of byte `index`."""
        return self.start_s + (index + 1) * self.character_s

    def covers(self, start_s: float, end_s: float) -> bool:
        """Whether this burst is on the wire during any part of the interval."""
        return self.start_s < end_s - _TOUCH_S and self.end_s > start_s + _TOUCH_S


class Medium:
    """The bursts of the last seconds and what they sound like together.

    Args:
        character_s: time of a byte; 0 for a line whose hardware takes the time itself.
        seed: fixes the wrong bytes of a collision.
    """

    def __init__(self, character_s: float, seed: int) -> None:
        self._character_s = character_s
        self._seed = seed
        self._bursts: list[Burst] = []
        self._number = 0
        self.collided = 0

    def put(self, talker: int, start_s: float, data: bytes) -> Burst:
        """Puts bytes on the wire; the master's queue behind its own earlier ones, as in its UART."""
        if talker == MASTER:
            start_s = max([start_s, *(b.end_s for b in self._bursts if b.talker == MASTER)])
        self._number += 1
        burst = Burst(number=self._number, talker=talker, start_s=start_s, character_s=self._character_s, data=data)
        if any(other.covers(burst.start_s, burst.end_s) for other in self._bursts):
            self.collided += 1
        self._forget(start_s - _REMEMBERED_S - _LONGEST_FRAME * self._character_s)
        self._bursts.append(burst)
        return burst

    def _forget(self, before_s: float) -> None:
        """Drops bursts that can no longer overlap anything that is still to be heard."""
        untold = (b.start_s for b in self.from_units())
        before_s = min([before_s, *untold])
        self._bursts = [b for b in self._bursts if b.end_s >= before_s]

    def heard(self, burst: Burst, index: int) -> int:
        """Byte `index` of a burst as everybody hears it."""
        start_s = burst.start_s + index * burst.character_s
        end_s = burst.slot_end_s(index)
        sent = burst.data[index]
        if all(other is burst or not other.covers(start_s, end_s) for other in self._bursts):
            return sent
        return sent ^ (1 + int(255 * uniform(self._seed, burst.number * 4096 + index)))

    def talkers_within(self, start_s: float, end_s: float) -> set[int]:
        """Who talks during the interval."""
        return {b.talker for b in self._bursts if b.covers(start_s, end_s)}

    def from_units(self) -> Iterator[Burst]:
        """Bursts of units that the ports have not been told to their end."""
        return (b for b in self._bursts if b.talker != MASTER and b.told < len(b.data))

    def tell(self, until_s: float) -> bytes:
        """Bytes of units whose slots have ended by `until_s` and were not told before."""
        told = bytearray()
        for burst in sorted(self.from_units(), key=lambda b: b.start_s):
            while burst.told < len(burst.data) and burst.slot_end_s(burst.told) <= until_s + _TOUCH_S:
                if not self._drowned(burst, burst.told):
                    told.append(self.heard(burst, burst.told))
                burst.told += 1
        return bytes(told)

    def _drowned(self, burst: Burst, index: int) -> bool:
        """Whether an earlier unit's burst fills this slot: there one (wrong) byte is heard, not two."""
        start_s, end_s = burst.start_s + index * burst.character_s, burst.slot_end_s(index)
        return any(
            other.talker != MASTER and other.number < burst.number and other.covers(start_s, end_s)
            for other in self._bursts
        )

    def is_talking(self, talker: int, now_s: float) -> bool:
        """Whether a talker's bytes are on the wire."""
        return any(b.talker == talker and b.end_s > now_s + _TOUCH_S for b in self._bursts)
