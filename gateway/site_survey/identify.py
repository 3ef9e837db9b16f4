"""Which product is this unit? Profiles are ranked by how well they fit what the unit says and holds.

What speaks for and against a product is weighed in ``evidence``: what the unit says of itself (function 43/14), the
signature registers of a profile, how usual its values are, whether they agree with each other, and what it refuses. A
profile also stands for its clones, with all words swapped or all addresses one off, which are rarer than it.

The next question is the one that most candidates would gain by, of those that can still win. When the best has answered
all and others are as good, the registers are asked for that one of them has and the other has not; what remains then
cannot be told apart on the wire, and is said to be alike. So a unit costs its bus a dozen or two reads, not the
registers of fifty products.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.places import Text
from gateway.plan import Request
from gateway.profile import Order, Profile, Register
from gateway.site_survey.evidence import Candidate, Clue
from gateway.site_survey.words import Observation

SURE: Final = 3.0
"""Lead in evidence (natural logarithm) at which the best profile is taken for found: about twenty to one."""
LEAST: Final = 2.0
"""Evidence without which nothing is certain, however far the others are behind."""
ALIKE: Final = 1.0
"""Within so much of each other two products cannot be told apart."""
MOST_QUESTIONS: Final = 40
MOST_APART: Final = 20
"""So many questions, and no more, are asked to tell apart products that fit equally well."""
_MOST_WORDS: Final = 16
_MOST_GAIN: Final = 3.0
_CATALOGUES: dict[tuple[int, ...], Catalogue] = {}
_MOST_CATALOGUES: Final = 8


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one profile fits.

    Attributes:
        profile: its key.
        evidence: sum of the evidence; 0: nothing speaks for or against it.
        share: its part of the belief in all profiles, 0 to 1.
        reasons: what speaks for and against, for people.
        open: whether questions about it are left.
        order, shift: how the unit differs from the profile, if it fits as a clone only.
    """

    profile: str
    evidence: float
    share: float
    reasons: tuple[Text, ...]
    open: bool
    order: Order | None = None
    shift: int = 0


class Catalogue:
    """The candidates of some profiles, worked out once."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        """Take every profile as it is and as its clones."""
        self.profiles = tuple(profiles)
        self.as_made = tuple(Candidate(profile) for profile in profiles)
        self.clones = tuple(clone for profile in profiles for clone in _clones(profile))

    @classmethod
    def of(cls, profiles: Iterable[Profile]) -> Catalogue:
        """The catalogue of these profiles; the last ones are kept, for it is asked for at every question."""
        chosen = tuple(profiles)
        key = tuple(map(id, chosen))
        found = _CATALOGUES.get(key)
        if found is None:
            if len(_CATALOGUES) >= _MOST_CATALOGUES:
                _CATALOGUES.clear()
            found = _CATALOGUES[key] = cls(chosen)
        return found

    def weighed(self, seen: Observation) -> list[tuple[Candidate, float, tuple[Text, ...]]]:
        """The best candidate of each profile, with evidence and reasons, the best first."""
        best: dict[str, tuple[Candidate, float, tuple[Text, ...]]] = {}
        for candidate in (*self.as_made, *(self.clones if seen.words else ())):
            evidence, reasons = candidate.weigh(seen)
            known = best.get(candidate.profile.key)
            if known is None or evidence > known[1]:
                best[candidate.profile.key] = (candidate, evidence, reasons)
        return sorted(best.values(), key=lambda row: (-row[1], row[0].profile.key))


def _clones(profile: Profile) -> list[Candidate]:
    wide = any(one.width in (2, 4) for one in profile.quantities)
    swapped = Order.CDAB if any(one.order is Order.ABCD and one.width > 1 for one in profile.quantities) else Order.ABCD
    found = [Candidate(profile, order=swapped)] if wide else []
    return found + [Candidate(profile, shift=shift) for shift in (1, -1)]


def rank(profiles: Iterable[Profile], seen: Observation) -> tuple[Fit, ...]:
    """All profiles, the best first."""
    weighed = Catalogue.of(profiles).weighed(seen)
    if not weighed:
        return ()
    top = weighed[0][1]
    total = sum(math.exp(evidence - top) for _, evidence, _ in weighed)
    return tuple(
        Fit(
            candidate.profile.key,
            evidence,
            math.exp(evidence - top) / total,
            reasons,
            question(candidate, seen) is not None,
            candidate.order,
            candidate.shift,
        )
        for candidate, evidence, reasons in weighed
    )


def next_question(profiles: Mapping[str, Profile], seen: Observation, asked: int) -> Request | None:
    """What to read next; None when the unit is identified, or cannot be.

    Args:
        profiles: all candidates, by key.
        seen: what is known of the unit.
        asked: reads so far.
    """
    weighed = Catalogue.of(profiles.values()).weighed(seen)
    if not weighed or asked >= MOST_QUESTIONS:
        return None
    best = weighed[0][1]
    votes: dict[tuple[int, int, int], float] = {}
    requests: dict[tuple[int, int, int], Request] = {}
    for candidate, evidence, _ in weighed:
        potential = candidate.potential(seen)
        wanted = question(candidate, seen) if evidence + potential >= best - SURE else None
        if wanted is None:
            continue
        key = (wanted.function, wanted.address, wanted.count)
        requests[key] = wanted
        # Belief counts, not the size of the map: one question tells about a small product as much as about a large one.
        votes[key] = votes.get(key, 0.0) + math.exp(evidence - best) * min(potential, _MOST_GAIN)
    if votes:
        return requests[max(votes, key=lambda key: votes[key])]
    near = [candidate for candidate, evidence, _ in weighed if evidence > max(best - SURE, 0.0)]
    return _telling_apart(near[0], near[1:], seen) if near and asked < MOST_APART else None


def _telling_apart(best: Candidate, rivals: Sequence[Candidate], seen: Observation) -> Request | None:
    """A register that one of two has and the other has not."""
    for rival in rivals[:3]:
        for one, other in ((best, rival), (rival, best)):
            for clue in (*one.sample, *one.others):
                if not seen.asked(clue.register) and not _places(clue.register) & other.known:
                    return _read((clue.register,))
    return None


def question(candidate: Candidate, seen: Observation) -> Request | None:
    """What to ask about a candidate: its signature, then the first of its sample, then all that lies beside it."""
    for signature, _ in candidate.signatures:
        if not seen.asked(signature.register):
            return _read((signature.register,))
    left = [clue for clue in candidate.sample if not seen.asked(clue.register)]
    if not left:
        return None
    answered = any(clue.read(seen) is not None for clue in candidate.sample)
    return (_block(candidate, left, seen) if answered else None) or _read((left[0].register,))


def _block(candidate: Candidate, left: Sequence[Clue], seen: Observation) -> Request | None:
    """Neighbours in one read, where the product allows it."""
    most = min(candidate.profile.max_registers, _MOST_WORDS)
    first = left[0].register
    members = [first]
    for clue in left[1:]:
        one = clue.register
        if one.function != first.function or one.address != members[-1].stop or one.stop - first.address > most:
            break
        members.append(one)
    request = _read(members)
    refused = (request.function, request.address, request.count) in seen.blocks
    return None if len(members) < 2 or refused else request


def _read(registers: Sequence[Register]) -> Request:
    first, last = registers[0], registers[-1]
    count = last.stop - first.address
    return Request(function=first.function, address=first.address, count=count, registers=tuple(registers))


def _places(register: Register) -> set[tuple[int, int]]:
    return {(register.function, address) for address in range(register.address, register.stop)}


def sample(profile: Profile) -> tuple[Register, ...]:
    """Quantities of a profile that tell most."""
    return tuple(clue.register for clue in Candidate(profile).sample)


def is_identified(fits: Sequence[Fit]) -> bool:
    """Whether the first profile may be taken for the product without asking a person; a clone never."""
    if not fits or fits[0].evidence < LEAST or fits[0].order or fits[0].shift:
        return False
    return len(fits) == 1 or fits[0].evidence - fits[1].evidence >= SURE


def alike(fits: Sequence[Fit]) -> tuple[str, ...]:
    """Profiles that fit as well as the first, itself included; empty if there are none, or nothing fits."""
    if not fits or fits[0].evidence < LEAST:
        return ()
    near = [fit.profile for fit in fits if fits[0].evidence - fit.evidence < ALIKE]
    return tuple(near) if len(near) > 1 else ()
