"""Routes for many units at once: the sheets of the technician's page."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter

from app import site_findings as say
from app import site_models as m
from app.site_gate import API
from app.site_problems import SiteError
from app.site_routes import UnitPath, placement, references
from app.site_work import SiteWork
from gateway import site_many
from gateway.quantities import called
from gateway.site_session import SiteSession
from gateway.site_survey.state import Step


def sheet_routes(work: SiteWork) -> APIRouter:
    """Identify, choose, prove and place many units; quantities of a product."""
    routes = APIRouter(prefix=API, tags=["sheets"])
    _on_the_bus(routes, work)

    @routes.get("/profiles/{key}/quantities", operation_id="getQuantities")
    async def get_quantities(key: str) -> list[m.QuantityName]:
        """What a product measures, in the order of its map."""
        profile = work.profiles.get(key)
        if profile is None:
            raise SiteError(say.NOT_FOUND)
        return [m.QuantityName(name=one.name, label=called(one), unit=one.unit) for one in profile.quantities]

    @routes.put("/profiles", operation_id="chooseProfiles")
    async def choose(form: m.ChoicesForm) -> m.SiteState:
        """A person's choice for many units."""
        await work.desk(lambda session: session.choose_profiles(form.profiles))
        return work.state()

    @routes.post("/units/{unit}/share", operation_id="sharePoints")
    async def share(unit: UnitPath, form: m.UnitsForm) -> m.SiteState:
        """The points of this unit for others of the same product, without its proofs; empty: all of them."""

        def give(session: SiteSession) -> None:
            profile = work.unit(unit).profile
            alike = [one.unit for one in session.state.units.values() if one.profile == profile and one.unit != unit]
            session.share_points(unit, form.units or alike)

        await work.desk(give)
        return work.state()

    @routes.put("/placements", operation_id="placeAll")
    async def place(form: m.PlacesForm) -> m.SiteState:
        """Say where many units belong."""
        places = {unit: (placement(one), one.name) for unit, one in form.units.items()}
        await work.desk(lambda session: session.place_all(places))
        return work.state()

    return routes


def _on_the_bus(routes: APIRouter, work: SiteWork) -> None:
    @routes.post("/identify", operation_id="identifyAll", status_code=202)
    async def identify(form: m.UnitsForm) -> m.RunView:
        """Identify many units; empty: all without a profile that were not identified yet."""

        def run(session: SiteSession) -> Any:
            return site_many.identify_all(session, form.units, _teller(work))

        return await work.start(Step.IDENTIFY, None, run)

    @routes.post("/prove", operation_id="proveAll", status_code=202)
    async def prove(form: m.ProveManyForm) -> m.RunView:
        """Prove many units by what their displays show; what is wrong in any line is said before the first is asked."""
        readings = {unit: references(one) for unit, one in form.units.items()}
        await work.desk(lambda session: [session.check(unit, one) for unit, one in readings.items()])

        def run(session: SiteSession) -> Any:
            return site_many.prove_all(session, readings, _teller(work))

        return await work.start(Step.PROVE, None, run)


def _teller(work: SiteWork) -> site_many.OnUnit:
    began_s = time.monotonic()

    def tell(unit: int, done: int, units: int) -> None:
        left_s = (time.monotonic() - began_s) / done * (units - done) if done else 0.0
        work.progress(unit=unit, units=units, units_done=done, left_s=round(left_s, 1))

    return tell
