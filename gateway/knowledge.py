"""What a model answers and what it refuses, learned from its answers to ordinary polls. No I/O and no clock.

Manuals say how many registers a product returns at most, and which addresses it has; products differ from their
manuals. The evidence is in every reply: a read that was answered shows that all of its addresses are *legal* and that
this length is fine; one that was refused (exceptions 2 and 3) shows that something in it is not. What it was is found
by bisection:

* a refused read of several registers is *cut* in the middle: its halves are read by themselves from now on, at once, so
  that the good half loses nothing;
* a refused read of one register that cannot be cut is *missing*: this unit does not have it. It costs only itself, and
  is asked again ever more rarely;
* when all that was wanted of a refused read has been answered in parts, the refusal is explained. Were there addresses
  in it that were never answered, they are *illegal*: a hole that no read may run across. Were there none, the read was
  too long, and the greatest length lies between the longest answered and the shortest refused.

Holes and lengths belong to the model and are remembered for all its units, now and later (``gateway.model_memory``);
they are never forgotten because one unit of newer firmware answers more, or the plans of the others would swing to and
fro. Missing registers, open cuts and the evidence for them belong to the unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Spans = Sequence[tuple[int, int]]
"""Half-open ranges of addresses, each of which must be read in one piece, in ascending order."""


@dataclass(slots=True)
class ModelKnowledge:
    """What one function code of one model is known to answer.

    Attributes:
        answered: the longest read that was answered.
        refused: the shortest read that was refused although each of its addresses answers; None: none was.
        legal: addresses that were part of an answer.
        illegal: addresses that no read may run across.
        version: goes up with everything that may change a plan.
    """

    answered: int = 0
    refused: int | None = None
    legal: set[int] = field(default_factory=set)
    illegal: set[int] = field(default_factory=set)
    version: int = 0

    @property
    def longest(self) -> int | None:
        """The length to ask for at most: half way to the shortest refused one until both meet; None: not limited."""
        if self.refused is None:
            return None
        return max(1, self.answered, (self.answered + self.refused) // 2)

    def was_answered(self, address: int, count: int) -> None:
        """A read was answered: its addresses are legal, its length is fine."""
        if count > self.answered and (self.refused is None or count < self.refused):
            self.answered = count
            self.version += self.refused is not None
        self.legal.update(range(address, address + count))

    def too_long(self, count: int) -> None:
        """A read of this length was refused, though all of it answers in parts."""
        if self.refused is None or count < self.refused:
            self.refused = count
            self.answered = min(self.answered, count - 1)
            self.version += 1

    def hole(self, addresses: Iterable[int]) -> None:
        """These addresses make a read fail."""
        self.illegal.update(addresses)
        self.version += 1


@dataclass(frozen=True, slots=True)
class _Refused:
    """A refused read that is not explained yet."""

    address: int
    count: int
    wanted: frozenset[int]


class UnitKnowledge:
    """What one unit refuses, and how its reads are cut until it is known why; one function code."""

    def __init__(self, model: ModelKnowledge, retry_s: tuple[float, float] = (10.0, 600.0)) -> None:
        """Nothing is refused.

        Args:
            model: what is known of its model.
            retry_s: first and longest time until a missing register is asked for again.
        """
        self.model = model
        self._retry_s = retry_s
        self._legal: set[int] = set()
        self._open: dict[int, _Refused] = {}
        self._missing: dict[tuple[int, int], tuple[float, float]] = {}
        self._version = 0

    @property
    def version(self) -> int:
        """Goes up with everything that may change a plan of this unit."""
        return self._version + self.model.version

    @property
    def cuts(self) -> frozenset[int]:
        """Addresses at which a read must end or begin."""
        return frozenset(self._open)

    @property
    def barred(self) -> frozenset[int]:
        """Addresses that no read may run across."""
        missing = {address for start, stop in self._missing for address in range(start, stop)}
        return frozenset(self.model.illegal | missing)

    def is_missing(self, start: int, stop: int) -> bool:
        """Whether this piece is one that the unit does not have."""
        return (start, stop) in self._missing

    def retries(self, now_s: float) -> list[tuple[int, int]]:
        """Missing pieces whose time to be asked for again has come."""
        return [piece for piece, (due_s, _) in self._missing.items() if now_s >= due_s]

    def was_answered(self, address: int, count: int, now_s: float) -> None:
        """A read was answered."""
        self.model.was_answered(address, count)
        self._legal.update(range(address, address + count))
        found = [piece for piece in self._missing if address <= piece[0] and piece[1] <= address + count]
        for piece in found:
            del self._missing[piece]
        if found:
            # What one lacked at its start all lacked: if one is back, the others may be.
            self._missing = {piece: (now_s, wait_s) for piece, (_, wait_s) in self._missing.items()}
            self._version += 1
        if self._open:
            self._explain()

    def was_refused(self, address: int, count: int, spans: Spans, now_s: float) -> bool:
        """A read was refused; returns whether it was cut, so that its halves should be read.

        Args:
            address: where the read began.
            count: its length.
            spans: what was wanted of it.
            now_s: monotonic time.
        """
        self._legal.difference_update(range(address, address + count))
        middle = _middle(spans)
        if middle is not None:
            wanted = frozenset(one for start, stop in spans for one in range(start, stop))
            self._open[middle] = _Refused(address, count, wanted)
            self._version += 1
            return True
        for piece in spans:
            first_s, longest_s = self._retry_s
            wait_s = min(2 * self._missing[piece][1], longest_s) if piece in self._missing else first_s
            self._missing[piece] = (now_s + wait_s, wait_s)
        self._version += 1
        self._explain()
        return False

    def _explain(self) -> None:
        """Close the cuts whose refusal is understood by now."""
        missing = {address for start, stop in self._missing for address in range(start, stop)}
        for cut, refused in list(self._open.items()):
            if not refused.wanted <= self._legal | missing:
                continue
            del self._open[cut]
            self._version += 1
            addresses = set(range(refused.address, refused.address + refused.count))
            unknown = addresses - self._legal - missing
            if unknown:
                self.model.hole(unknown)
            elif not addresses & (missing | self.model.illegal):
                self.model.too_long(refused.count)


def _middle(spans: Spans) -> int | None:
    """The boundary between spans that is nearest to the middle of what they take; None if nothing can be cut."""
    stops = [spans[0][1]]
    for _, stop in spans[1:]:
        stops.append(max(stops[-1], stop))
    total = sum(stop - start for start, stop in spans)
    best: tuple[float, int] | None = None
    before = 0
    for (start, _), (following, _), reached in zip(spans, spans[1:], stops, strict=False):
        before += reached - start
        if reached <= following and (best is None or abs(before - total / 2) < best[0]):
            best = (abs(before - total / 2), following)
    return None if best is None else best[1]


Memory = Mapping[int, ModelKnowledge]
"""By function code, for one model."""
