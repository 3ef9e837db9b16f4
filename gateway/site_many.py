"""A step for many units, one after the other: a bus of thirty is not commissioned unit by unit.

A unit that does not answer is named at the end and holds nobody up. What is asked is checked for all units before the
first of them is asked, so that a slip of the pen in the last line does not leave half of the work done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from core.errors import Unavailable
from gateway import site_findings as say
from gateway.site_session import SiteSession
from gateway.site_survey.state import ReferenceReading, UnitState

OnUnit = Callable[[int, int, int], None]
"""Told before each unit: its id, how many are done, how many there are."""


async def identify_all(session: SiteSession, units: Sequence[int], on_unit: OnUnit) -> None:
    """Identify units, the quick ones first; empty: all without a profile.

    Raises:
        Refused: if there is no such unit, or a step is running.
        Unavailable: with the units that did not answer, or if the bus cannot be opened.
    """
    known = session.state.units
    wanted = list(units) or [number for number, one in known.items() if not one.profile and not one.fits]
    wanted.sort(key=lambda number: _slowness(known.get(number)))

    async def one(number: int) -> None:
        await session.identify(number)

    await _each(session, wanted, one, on_unit)


async def prove_all(
    session: SiteSession, references: Mapping[int, Sequence[ReferenceReading]], on_unit: OnUnit
) -> None:
    """Prove units by what their displays show.

    Raises:
        Refused: if anything that was typed is no number or no quantity; then no unit was asked.
        Unavailable: with the units that did not answer, or if the bus cannot be opened.
    """
    for number, readings in references.items():
        session.check(number, readings)

    async def one(number: int) -> None:
        await session.prove(number, references[number])

    await _each(session, list(references), one, on_unit)


async def _each(
    session: SiteSession, units: Sequence[int], step: Callable[[int], Awaitable[None]], on_unit: OnUnit
) -> None:
    silent = []
    for index, number in enumerate(units):
        on_unit(number, index, len(units))
        try:
            await step(number)
        except Unavailable:
            if not session.is_open:
                raise
            silent.append(number)
        if session.is_stopping:
            return
    if silent:
        raise Unavailable(say.ALL_SILENT(units=", ".join(map(str, silent))))


def _slowness(unit: UnitState | None) -> float:
    return unit.response_ms or 0.0 if unit is not None else 0.0
