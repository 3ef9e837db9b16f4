"""Routes of the page of profiles: a text judged, tried on a unit, kept as the gateway's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from app import site_profile_models as m
from app import site_profile_view as view
from app.site_gate import API
from app.site_models import RunView
from app.site_problems import language_of
from app.site_routes import UnitPath
from app.site_shelf import SiteShelf
from app.site_work import SiteWork
from core.findings import Finding
from gateway.product import Evidence, Kind
from gateway.profile_skeleton import file_name, skeleton
from gateway.site_session import SiteSession
from gateway.site_survey.state import Step

_SCHEMA_LINES: Final = 1
"""Where the JSON Schema lies is of no use on another machine."""


def profile_routes(work: SiteWork, shelf: SiteShelf) -> APIRouter:
    """Everything about profiles that are being written."""
    routes = APIRouter(prefix=API, tags=["profiles"])
    _judging(routes, shelf)
    _trials(routes, work, shelf)
    _keeping(routes, shelf)
    return routes


def _judging(routes: APIRouter, shelf: SiteShelf) -> None:
    @routes.post("/profiles/check", operation_id="checkProfile")
    async def check(form: m.TextForm, request: Request) -> m.ProfileCheck:
        """Everything wrong and everything odd in a text, with line and column; what keeping it would change."""
        judged = await shelf.judge(form.text, form.name)
        checked, language = judged.checked, language_of(request)
        return m.ProfileCheck(
            sound=judged.sound,
            base=view.base_of(form.text),
            errors=_findings([*checked.errors, *checked.unreadable], language),
            warnings=_findings([one for one in checked.warnings if one not in checked.unreadable], language),
            product=checked.profile.product if checked.profile else None,
            registers=len(checked.profile.quantities) if checked.profile else 0,
            changes=view.changes(judged.changes),
            name_problem=view.both(judged.name_problem) if judged.name_problem else None,
        )

    @routes.get("/profiles/skeleton", operation_id="getSkeleton")
    async def begin(
        request: Request,
        maker: Annotated[str, Query(max_length=80)] = "",
        model: Annotated[str, Query(max_length=80)] = "",
    ) -> m.ProfileText:
        """The beginning of a new profile, with the rest of the format in comments."""
        text = skeleton(
            maker,
            model,
            kind=Kind.OTHER,
            evidence=Evidence.SECONDARY,
            source="",
            schema="",
            language=language_of(request),
        )
        lines = text.splitlines(keepends=True)[_SCHEMA_LINES:]
        return m.ProfileText(key=file_name(maker, model), text="".join(lines), own=False, base="")


def _trials(routes: APIRouter, work: SiteWork, shelf: SiteShelf) -> None:
    @routes.post("/units/{unit}/trial", operation_id="tryProfile", status_code=202)
    async def trial(unit: UnitPath, form: m.TrialForm) -> RunView:
        """Read the registers of a text once, between the turns of polling; refused with all findings if it is wrong."""
        profile = await shelf.sound(form.text, form.name)

        def run(session: SiteSession) -> Any:
            return shelf.try_on(session, unit, form.text, profile, form.registers)

        return await work.start(Step.READ, unit, run)

    @routes.get("/units/{unit}/trial", operation_id="getTrial")
    async def came(unit: UnitPath) -> m.TrialView | None:
        """What came of the last one: raw registers beside decoded values; null: there was none."""
        work.unit(unit)
        kept = shelf.trials.get(unit)
        return view.trial(unit, kept) if kept is not None else None


def _keeping(routes: APIRouter, shelf: SiteShelf) -> None:
    @routes.get("/profiles/own", operation_id="getOwnProfiles")
    async def own() -> m.ShelfView:
        """The profiles of the gateway's own, and whether one can be kept here."""
        why_not = shelf.why_not
        return m.ShelfView(
            why_not=view.both(why_not) if why_not is not None else None,
            profiles=[view.item(one, shelf.units(one.key)) for one in await shelf.own()],
        )

    @routes.get("/profiles/{key}/text", operation_id="getProfileText")
    def text(key: str, version: Annotated[int | None, Query(ge=0)] = None) -> m.ProfileText:
        """The text of a profile, to begin with; ``version``: as it stood until then (UTC ms)."""
        found, is_own, base = shelf.text_now(key, version)
        return m.ProfileText(key=key, text=found, own=is_own, base=base)

    @routes.put("/profiles/own/{key}", operation_id="saveProfile")
    async def save(key: str, form: m.SaveForm) -> m.ProfileSaved:
        """Keep a text as a profile of the gateway's own; what stood there before is kept too."""
        changed = await shelf.save(key, form.text, form.base, meant=form.meant)
        return m.ProfileSaved(
            key=key, base=view.base_of(form.text), changed=changed, restart=changed and shelf.units(key) > 0
        )


def _findings(found: Iterable[Finding], language: str) -> list[m.FindingView]:
    rows = [
        m.FindingView(
            code=one.code, line=one.line, column=one.column, what=one.what_in(language), fix=one.fix_in(language)
        )
        for one in found
    ]
    return sorted(rows, key=lambda one: (one.line, one.column))
