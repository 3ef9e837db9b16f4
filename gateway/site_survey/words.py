"""What was read from a unit during a survey: words by function and address, and what it refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.decode import BlockDecoder
from gateway.profile import Register

Place = tuple[int, int]
"""Function code and address."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Words of one moment.

    Attributes:
        words: word (0 to 65535) by function 3 or 4 and address.
        time_ms: when the last of them arrived.
    """

    words: Mapping[Place, int]
    time_ms: int = 0

    def has(self, register: Register) -> bool:
        """Whether all words of a register are there."""
        return all((register.function, address) in self.words for address in range(register.address, register.stop))

    def blocks(self) -> list[tuple[int, int, NDArray[np.uint16]]]:
        """Runs of neighbouring words: function, first address, words."""
        runs: list[tuple[int, int, list[int]]] = []
        for function, address in sorted(self.words):
            if runs and runs[-1][0] == function and runs[-1][1] + len(runs[-1][2]) == address:
                runs[-1][2].append(self.words[function, address])
            else:
                runs.append((function, address, [self.words[function, address]]))
        return [(function, start, np.array(words, np.uint16)) for function, start, words in runs]


Block = tuple[int, int, int]
"""Function code, first address, count."""
_ILLEGAL_FUNCTION = 1


@dataclass(slots=True)
class Observation:
    """All that is known of one unit.

    A refused block says that one of its addresses is not there, or that it may not be read so; of each of them alone it
    says nothing. So what was refused is kept as it was asked.

    Attributes:
        identity: text of each object of function 43/14; empty if it has none.
        words: as in ``Snapshot``.
        refused: places that the unit refused when they were asked for alone.
        blocks: reads of several words that it refused.
        functions: function codes that it does not have at all.
        silent: places that were asked for without an answer.
        asked_identity: whether function 43/14 was asked.
    """

    identity: dict[int, str] = field(default_factory=dict)
    words: dict[Place, int] = field(default_factory=dict)
    refused: set[Place] = field(default_factory=set)
    blocks: set[Block] = field(default_factory=set)
    functions: set[int] = field(default_factory=set)
    silent: set[Place] = field(default_factory=set)
    asked_identity: bool = False

    def answered(self, function: int, address: int, words: Sequence[int]) -> None:
        """A read was answered."""
        self.words |= {(function, address + index): word for index, word in enumerate(words)}

    def failed(self, function: int, address: int, count: int, *, refused: bool, exception: int = 0) -> None:
        """A read was refused (with this exception code), or had no answer."""
        if not refused:
            self.silent.update((function, address + index) for index in range(count))
        elif exception == _ILLEGAL_FUNCTION:
            self.functions.add(function)
        elif count == 1:
            self.refused.add((function, address))
        else:
            self.blocks.add((function, address, count))

    def refuses(self, register: Register) -> bool:
        """Whether the register was refused when exactly it was asked for, or its function is not there."""
        width = register.stop - register.address
        if register.function in self.functions:
            return True
        place = (register.function, register.address)
        return place in self.refused if width == 1 else (*place, width) in self.blocks

    def asked(self, register: Register) -> bool:
        """Whether all of a register was asked for, with whatever result."""
        if self.refuses(register):
            return True
        places = [(register.function, address) for address in range(register.address, register.stop)]
        return all(place in self.words or place in self.silent for place in places)

    @property
    def snapshot(self) -> Snapshot:
        """The words as a snapshot."""
        return Snapshot(dict(self.words))


def decoded(snapshot: Snapshot, registers: Iterable[Register]) -> dict[str, tuple[float, int, str]]:
    """Values of the registers whose words are there: name to value, quality byte and text.

    The same decoder as in live polling, so that what is proven is what is read later.
    """
    found: dict[str, tuple[float, int, str]] = {}
    for register in registers:
        if not snapshot.has(register):
            continue
        places = range(register.address, register.stop)
        data = b"".join(snapshot.words[register.function, address].to_bytes(2, "big") for address in places)
        result = BlockDecoder(register.address, len(places), [register], [None]).decode(data)
        found[register.name] = (float(result.value[0]), int(result.quality[0]), result.text.get(0, ""))
    return found
