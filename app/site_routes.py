"""The routes of the technician's page: each a thin door to one method of the session."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from app import site_findings as say
from app import site_models as m
from app import site_view
from app.site_gate import API, COOKIE, Entrance
from app.site_problems import SiteError, language_of
from app.site_upload import MOST_TABLE_BYTES, PHOTO_TYPES, keep_photo, keep_table, received
from app.site_work import SiteWork
from app.unit_ids import unit_ids as parsed
from core.errors import Refused
from gateway import site_bulk, site_paper
from gateway.site_session import SiteSession
from gateway.site_store import MOST_PHOTO_BYTES, PHOTO_FOLDER
from gateway.site_survey.record import Placement
from gateway.site_survey.scan import Found, Progress, Setting
from gateway.site_survey.state import PointState, ReferenceReading, Step, UnitState

_PHOTO: Final = re.compile(r"[0-9]{1,3}-[0-9a-f]{12}\.(?:jpg|png|webp)")
UnitPath = Annotated[int, "unit id"]


def entry_routes(entrance: Entrance) -> APIRouter:
    """The one-time code."""
    routes = APIRouter(prefix=API, tags=["entry"])

    @routes.get("/entry", operation_id="getEntry")
    async def get_entry(request: Request) -> m.EntryView:
        """Whether a code is needed, and whether this browser has entered it."""
        return entrance.view(request.cookies.get(COOKIE, ""))

    @routes.post("/entry", operation_id="enter")
    async def enter(form: m.EntryForm, response: Response) -> m.EntryView:
        """Use up a code."""
        cookie = entrance.enter(form.code)
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", path="/")
        return entrance.view(cookie)

    return routes


def session_routes(work: SiteWork, ports: Callable[[], list[str]], key_file: Path | None, version: str) -> APIRouter:
    """State, stream, bus, search, signature."""
    routes = APIRouter(prefix=API, tags=["session"])

    @routes.get("/state", operation_id="getState")
    async def get_state() -> m.SiteState:
        """All of the session."""
        return work.state()

    @routes.get("/events", operation_id="getEvents", response_class=StreamingResponse)
    async def get_events() -> StreamingResponse:
        """Server-sent events: ``state``, ``run`` and ``traffic``, each with the JSON of its model."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(work.feed.read(work.reader()), media_type="text/event-stream", headers=headers)

    @routes.get("/traffic", operation_id="getTraffic")
    async def get_traffic(since: Annotated[int, Query(ge=0)] = 0) -> m.TrafficView:
        """Frames after the one with this number, and the last minute of the bus."""
        return work.traffic_since(since)

    @routes.get("/profiles", operation_id="getProfiles")
    async def get_profiles() -> list[m.ProfileView]:
        """All products that can be chosen."""
        return site_view.profiles_view(work.profiles)

    @routes.get("/ports", operation_id="getPorts")
    def get_ports() -> list[str]:
        """Serial ports of this machine."""
        return ports()

    @routes.post("/session", operation_id="beginSession")
    async def begin(form: m.BusForm) -> m.SiteState:
        """Begin a session on a bus, or go on with the one that is there."""
        await work.begin(form)
        return work.state()

    @routes.delete("/session", operation_id="putSessionAside")
    async def put_aside() -> m.SiteState:
        """End the session; its files are kept under other names."""
        await work.put_aside()
        return work.state()

    @routes.post("/find", operation_id="find", status_code=202)
    async def find(form: m.FindForm) -> m.RunView:
        """Search the bus."""
        units, settings = unit_ids(form.units), [_setting(text) for text in form.settings]

        def tell(now: Progress, _: Found | None) -> None:
            work.progress(asked=now.asked, planned=now.planned, left_s=round(now.left_s, 1))

        def run(session: SiteSession) -> Any:
            return session.find(settings, units, tell, timeout_s=form.timeout_s, thorough=form.thorough)

        return await work.start(Step.FIND, None, run)

    @routes.post("/stop", operation_id="stop")
    async def stop() -> m.SiteState:
        """End the running step after the question that is out."""
        work.stop()
        return work.state()

    @routes.post("/sign", operation_id="sign")
    async def sign(form: m.SignForm) -> m.SiteState:
        """Sign the as-built record and write its files."""
        await work.desk(lambda session: session.sign(form.by, key_file=key_file, version=version))
        return work.state()

    _files(routes, work)
    return routes


def _files(routes: APIRouter, work: SiteWork) -> None:
    @routes.get("/record.json", operation_id="getRecord", response_class=FileResponse)
    async def record() -> FileResponse:
        """The signed record."""
        signed = work.session.state.signed
        if signed is None:
            raise SiteError(say.NOT_FOUND)
        return FileResponse(work.folder / signed.record, media_type="application/json", filename=signed.record)

    @routes.get("/record.pdf", operation_id="getRecordPdf", response_class=FileResponse)
    async def paper(language: Annotated[str, Query(pattern="^(zh|en)$")] = "zh") -> FileResponse:
        """The record on paper, in one language."""
        signed = work.session.state.signed
        if signed is None or language not in signed.paper:
            raise SiteError(say.NOT_FOUND)
        name = signed.paper[language]
        return FileResponse(work.folder / name, media_type="application/pdf", filename=name)

    @routes.get("/labels.pdf", operation_id="getLabels", response_class=Response)
    async def labels(server: Annotated[str, Query(pattern=r"^[A-Za-z0-9.:\[\]-]{1,255}$")]) -> Response:
        """A sheet of QR labels for all units that were placed; they lead to this server."""
        state = work.session.state
        rows = [
            (unit.placement.facility, f"{state.bus.id} / {unit.unit} {unit.name}".strip())
            for unit in state.units.values()
            if unit.placement is not None
        ]
        if not rows:
            raise SiteError(say.NOT_FOUND)
        data = await work.desk(lambda _: site_paper.labels_pdf(server, rows))
        headers = {"Content-Disposition": 'attachment; filename="labels.pdf"'}
        return Response(data, media_type="application/pdf", headers=headers)

    @routes.get("/configuration", operation_id="getConfiguration")
    async def configuration() -> m.ConfigurationView:
        """What the gateway must be told."""
        found = await work.desk(lambda session: session.configuration())
        return m.ConfigurationView(buses=found.buses, profiles=dict(found.profiles), record=found.record)


def references(form: m.ProveForm) -> list[ReferenceReading]:
    """What was seen, as the session takes it."""
    return [
        ReferenceReading(
            register=one.register_name, shown=one.shown, tolerance=one.tolerance, where=one.where, by=one.by
        )
        for one in form.references
    ]


def placement(form: m.PlaceForm) -> Placement:
    """A place, as the session takes it."""
    return Placement(
        facility=form.facility,
        facility_class=form.facility_class,
        governance_cell=form.governance_cell,
        construction_cell=form.construction_cell,
        note=form.note,
    )


def unit_routes(work: SiteWork) -> APIRouter:
    """Everything about one unit."""
    routes = APIRouter(prefix=f"{API}/units", tags=["units"])

    def view(unit: int) -> m.UnitView:
        return site_view.unit_view(work.unit(unit), work.profiles, work.all_drills())

    @routes.post("", operation_id="addUnit")
    async def add(form: m.UnitForm) -> m.UnitView:
        """Enter a unit by hand."""
        setting = _setting(form.setting) if form.setting else None
        await work.desk(lambda session: session.add(form.unit, setting))
        return view(form.unit)

    @routes.delete("/{unit}", operation_id="dropUnit", status_code=204)
    async def drop(unit: UnitPath) -> None:
        """Forget a unit."""
        await work.desk(lambda session: session.drop(unit))

    @routes.post("/{unit}/identify", operation_id="identify", status_code=202)
    async def identify(unit: UnitPath) -> m.RunView:
        """Find out which product it is."""
        return await work.start(Step.IDENTIFY, unit, lambda session: session.identify(unit))

    @routes.put("/{unit}/profile", operation_id="chooseProfile")
    async def choose_profile(unit: UnitPath, form: m.ProfileForm) -> m.UnitView:
        """A person's choice."""
        await work.desk(lambda session: session.choose_profile(unit, form.profile))
        return view(unit)

    @routes.put("/{unit}/placement", operation_id="place")
    async def place(unit: UnitPath, form: m.PlaceForm) -> m.UnitView:
        """Say where it belongs."""
        await work.desk(lambda session: session.place(unit, placement(form), form.name))
        return view(unit)

    _reading(routes, work, view)
    _proof(routes, work, view)
    _uploads(routes, work, view)
    return routes


def _reading(routes: APIRouter, work: SiteWork, view: Callable[[int], m.UnitView]) -> None:
    @routes.post("/{unit}/look", operation_id="look", status_code=202)
    async def look(unit: UnitPath, form: m.LookForm) -> m.RunView:
        """Read registers for the live grid."""

        def run(session: SiteSession) -> Any:
            if form.function is None:
                return session.look_at_profile(unit)
            return session.look(unit, form.function, form.address, form.count)

        return await work.start(Step.READ, unit, run)

    @routes.get("/{unit}/reading", operation_id="getReading")
    def reading(unit: UnitPath, most: Annotated[int, Query(ge=1, le=40)] = 6) -> m.ReadingView:
        """What was read last, in every way it could be meant."""
        state = work.unit(unit)
        return site_view.reading_view(state, work.profiles.get(state.profile), most)

    @routes.post("/{unit}/solve", operation_id="solve")
    async def solve(unit: UnitPath, form: m.SolveForm) -> m.UnitView:
        """From what the display shows to how the registers hold it."""
        await work.desk(lambda session: session.solve(unit, form.shown))
        return view(unit)

    @routes.post("/{unit}/choose", operation_id="choose")
    async def choose(unit: UnitPath, form: m.ChooseForm) -> m.UnitView:
        """Use another candidate."""
        await work.desk(lambda session: session.choose(unit, form.register_name, form.index))
        return view(unit)


def _proof(routes: APIRouter, work: SiteWork, view: Callable[[int], m.UnitView]) -> None:
    @routes.put("/{unit}/points", operation_id="select")
    async def select(unit: UnitPath, form: m.PointsForm) -> m.UnitView:
        """Say which quantities are points."""
        points = [
            PointState(
                register=one.register_name, measurement=one.measurement, interval_s=one.interval_s, unit=one.unit
            )
            for one in form.points
        ]  # fmt: skip
        await work.desk(lambda session: session.select(unit, points))
        return view(unit)

    @routes.post("/{unit}/prove", operation_id="prove", status_code=202)
    async def prove(unit: UnitPath, form: m.ProveForm) -> m.RunView:
        """Read as live polling will, and compare with what was seen."""
        readings = references(form)
        return await work.start(Step.PROVE, unit, lambda session: session.prove(unit, readings))

    @routes.post("/{unit}/test", operation_id="testAlarm", status_code=202)
    async def test_alarm(unit: UnitPath, form: m.DrillForm) -> m.UnitView:
        """Send a test alarm of a point the way of a real one; how it stands is in the state."""
        await work.drills.call(unit, form.register_name, form.by)
        return view(unit)

    @routes.post("/{unit}/watch", operation_id="watch", status_code=202)
    async def watch(unit: UnitPath, form: m.WatchForm) -> m.RunView:
        """Poll for a while: response times and errors."""

        def tell(passed_s: float, polls: int, errors: int) -> None:
            left_s = round(max(0.0, form.seconds - passed_s), 1)
            work.progress(asked=polls, errors=errors, left_s=left_s, planned=round(form.seconds))

        return await work.start(Step.PROVE, unit, lambda session: session.watch(unit, form.seconds, tell))


def _uploads(routes: APIRouter, work: SiteWork, view: Callable[[int], m.UnitView]) -> None:
    @routes.post("/{unit}/photos", operation_id="attachPhoto")
    async def attach(unit: UnitPath, request: Request) -> m.UnitView:
        """Keep a photo (JPEG, PNG or WebP as the body, at most 20 MB) as it is, with its SHA-256."""
        work.unit(unit)
        data = await received(request.stream(), MOST_PHOTO_BYTES)

        def keep(session: SiteSession) -> None:
            with tempfile.TemporaryDirectory() as folder:
                session.attach(unit, keep_photo(data, Path(folder)))

        await work.desk(keep)
        return view(unit)

    @routes.get("/{unit}/photos/{name}", operation_id="getPhoto", response_class=FileResponse)
    async def photo(unit: UnitPath, name: str) -> FileResponse:
        """A photo of the unit."""
        if not _PHOTO.fullmatch(name) or name not in work.unit(unit).photos:
            raise SiteError(say.NOT_FOUND)
        path = work.folder / PHOTO_FOLDER / name
        return FileResponse(path, media_type=PHOTO_TYPES[path.suffix])

    @routes.post("/{unit}/bulk", operation_id="bulk")
    async def bulk(unit: UnitPath, request: Request, dry_run: bool = True) -> m.BulkView:
        """The same for the units of a table (CSV or XLSX as the body); everything wrong in it at once."""
        template = work.unit(unit)
        data = await received(request.stream(), MOST_TABLE_BYTES)
        rows = await work.desk(partial(_apply, template=template, data=data, dry_run=dry_run))
        return m.BulkView(applied=not dry_run, template=unit, rows=rows)

    @routes.get("/{unit}/bulk.csv", operation_id="getBulkTable", response_class=Response)
    async def table(unit: UnitPath, request: Request) -> Response:
        """A table to fill in, with a row for every unit that has no proof yet."""
        work.unit(unit)
        numbers = [
            one.unit
            for one in work.session.state.units.values()
            if one.unit != unit and not any(point.proof for point in one.points.values())
        ]
        chinese = language_of(request) == "zh"
        heads = [names[0] if chinese and names else name for name, names in site_bulk.COLUMNS.items()]
        lines = [",".join(heads), *(f"{number}{',' * (len(heads) - 1)}" for number in numbers)]
        headers = {"Content-Disposition": 'attachment; filename="units.csv"'}
        # The mark tells spreadsheet programs that it is UTF-8.
        return Response("\ufeff" + "\r\n".join(lines) + "\r\n", media_type="text/csv; charset=utf-8", headers=headers)


def _apply(session: SiteSession, *, template: UnitState, data: bytes, dry_run: bool) -> list[m.BulkRow]:
    known = set(session.state.units)
    with tempfile.TemporaryDirectory() as folder:
        path = keep_table(data, Path(folder))
        rows = site_bulk.read(path, session.state.units, template.unit)
        if not dry_run:
            session.bulk(template.unit, path)
    return site_view.bulk_rows(rows, known)


def unit_ids(text: str) -> tuple[int, ...]:
    """Unit ids from ``1-32,40``; empty for an empty text.

    Raises:
        Refused: if it is none.
    """
    try:
        return parsed(text)
    except ValueError:
        raise Refused(say.BAD_UNITS(text=repr(text))) from None


def _setting(text: str) -> Setting:
    try:
        return Setting.of(text)
    except ValueError:
        raise Refused(say.BAD_SETTING(text=repr(text))) from None
