"""From what a session knows to what the page shows. Values in, values out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from app.site_models import (
    BulkRow,
    BusView,
    CellView,
    MeaningView,
    ProfileView,
    QuantityView,
    ReadingView,
    SearchView,
    SolvedView,
    UnitView,
)
from core.places import Text
from core.quality import QualityClass, class_of
from gateway.product import QUIRKS
from gateway.profile import Profile, Register
from gateway.quantities import called
from gateway.site_bulk import Row
from gateway.site_survey import solving
from gateway.site_survey.drill import DrillState
from gateway.site_survey.fitted import fitted, metric, with_exponent
from gateway.site_survey.forms import Form
from gateway.site_survey.grid import Cell, grid
from gateway.site_survey.proof import Verdict
from gateway.site_survey.state import SessionState, UnitState, drill_key, words_by_place
from gateway.site_survey.words import Snapshot, decoded


def product(profile: Profile | None) -> Text | None:
    """Maker and model; None where there is no profile."""
    return profile.product if profile else None


def notes(profile: Profile | None) -> list[Text]:
    """What a technician should know of a product: in what it differs from the standard, and its note."""
    if profile is None:
        return []
    return [*(QUIRKS[quirk] for quirk in profile.quirks), *([profile.note] if profile.note else [])]


def profiles_view(profiles: Mapping[str, Profile]) -> list[ProfileView]:
    """All products, by maker and model."""
    rows = [ProfileView(key=key, product=one.product) for key, one in profiles.items()]
    return sorted(rows, key=lambda row: row.product.en.lower())


def bus_view(state: SessionState, live: bool) -> BusView:
    """The bus of a session."""
    bus = state.bus
    return BusView(
        id=bus.id, address=str(bus), gateway=bus.gateway, live=live, settings=bool(bus.serial) and not live
    )  # fmt: skip


def search_view(state: SessionState) -> SearchView | None:
    """The last search of a session."""
    found = state.search
    if found is None:
        return None
    return SearchView(
        asked=len(found.heard),
        settings=len(found.settings),
        units=len(found.units),
        ended=found.ended,
        any_address=found.any_address,
    )


def unit_view(unit: UnitState, profiles: Mapping[str, Profile], drills: Mapping[str, DrillState]) -> UnitView:
    """One unit, without the words that were read; ``drills`` are those of the whole session."""
    return UnitView(
        unit=unit.unit,
        setting=str(unit.setting),
        sure=unit.sure,
        response_ms=unit.response_ms,
        name=unit.name,
        identity=dict(unit.identity),
        fits=unit.fits,
        identified=unit.identified,
        alike=unit.alike,
        profile=unit.profile,
        product=product(profiles.get(unit.profile)),
        notes=notes(profiles.get(unit.profile)),
        snapshot_ms=unit.snapshots[-1].time_ms if unit.snapshots else None,
        solution=unit.solution,
        solved={
            name: SolvedView(
                shown=[sample.shown for sample in one.samples],
                candidates=one.candidates,
                chosen=one.chosen,
                decided=one.decided,
            )
            for name, one in unit.solved.items()
        },
        points=dict(unit.points),
        timing=unit.timing,
        frames=unit.frames,
        placement=unit.placement,
        photos=dict(unit.photos),
        template=unit.template,
        drills={name: drills[key] for name in unit.points if (key := drill_key(unit.unit, name)) in drills},
        done=unit.done,
    )


def unproven(state: SessionState) -> list[str]:
    """Points without a proof that holds, as they will be named."""
    return [
        metric(unit, point)
        for unit in state.units.values()
        for point in unit.points.values()
        if point.proof is None or point.proof.verdict is not Verdict.PROVEN
    ]


def reading_view(unit: UnitState, profile: Profile | None, most: int) -> ReadingView:
    """The live grid: what was read last, with at most so many meanings an address, and the unit's quantities."""
    own = fitted(profile, unit).registers
    if not unit.snapshots:
        return ReadingView(time_ms=None, cells=[], quantities=_quantities(own, Snapshot({})))
    newest = unit.snapshots[-1]
    history = [
        Snapshot(words_by_place(one.words), one.time_ms)
        for one in unit.snapshots
        if one.words.keys() >= newest.words.keys()
    ]
    fresh = solving.view(unit.snapshots)
    return ReadingView(
        time_ms=newest.time_ms,
        cells=[_cell(one, most) for one in grid(history)],
        quantities=_quantities(own, Snapshot(words_by_place(fresh.words), fresh.time_ms)),
    )


def _cell(cell: Cell, most: int) -> CellView:
    return CellView(
        function=cell.function,
        address=cell.address,
        word=f"{cell.word:04X}",
        meanings=[
            MeaningView(
                type=one.form.type,
                order=_order(one.form),
                value=one.value,
                plausibility=round(one.plausibility, 3),
            )
            for one in cell.meanings[:most]
        ],
    )


def _order(form: Form) -> str:
    """``CDAB``; of one word ``AB`` or ``BA``."""
    return str(form).rpartition(" ")[2]


def _quantities(registers: Mapping[str, Register], seen: Snapshot) -> list[QuantityView]:
    worked = {
        name: with_exponent(one, registers, seen) if one.exponent_from else one for name, one in registers.items()
    }
    found = decoded(seen, worked.values())
    return [_quantity(one, found.get(name, (math.nan, 0, ""))) for name, one in worked.items()]


def _quantity(register: Register, read: tuple[float, int, str]) -> QuantityView:
    value, quality, text = read
    stands_for = register.states.get(int(value)) if register.states and math.isfinite(value) else None
    usable = math.isfinite(value) and class_of(quality) in (QualityClass.GOOD, QualityClass.UNCERTAIN)
    return QuantityView(
        name=register.name,
        label=called(register),
        note=register.note,
        unit=register.unit,
        function=register.function,
        address=register.address,
        type=register.type,
        order=register.order,
        factor=register.scale / register.divisor,
        value=value if usable else None,
        text=text,
        meaning=stands_for.text if stands_for else None,
    )


def bulk_rows(rows: Sequence[Row], known: Iterable[int]) -> list[BulkRow]:
    """Rows of a table; ``known``: units of the session."""
    there = set(known)
    return [
        BulkRow(
            row=row.number, unit=row.unit, facility=row.placement.facility, name=row.name, known=row.unit in there
        )
        for row in rows
    ]  # fmt: skip
