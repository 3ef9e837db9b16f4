"""``twingrid site …``: commissioning, one command a step; all work on the session in one folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from app.commands import site_drill, site_record, site_serve
from app.commands.site_options import json_option, session_option
from app.console import Speaker
from app.exits import Exit


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the commands."""
    group = typer.Typer(help=speaker.say("cmd.site"), no_args_is_help=True)
    app.add_typer(group, name="site")
    parts: tuple[Callable[[typer.Typer, Speaker], None], ...] = (
        _find, _hosts, _units, _identify, _look, _solve, _select, _prove, _watch, _place, _bulk, _labels,
        site_record.register, site_drill.register, site_serve.register,
    )  # fmt: skip
    for part in parts:
        part(group, speaker)


def _find(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("find", help=speaker.say("cmd.site.find"))
    def find(
        session: Path = session_option(speaker),
        host: str = typer.Option("", help=speaker.say("help.host")),
        port: int = typer.Option(502, min=1, max=65535, help=speaker.say("help.tcp-port")),
        framing: str = typer.Option("", help=speaker.say("help.framing")),
        serial: str = typer.Option("", help=speaker.say("help.serial")),
        bus: str = typer.Option("bus", help=speaker.say("help.bus-id")),
        node: str = typer.Option("", help=speaker.say("help.node")),
        setting: list[str] = typer.Option([], help=speaker.say("help.setting")),
        units: str = typer.Option("", help=speaker.say("help.units")),
        timeout: float = typer.Option(0.3, min=0.01, max=10, help=speaker.say("help.timeout")),
        thorough: bool = typer.Option(False, "--thorough", help=speaker.say("help.thorough")),
        pause: float = typer.Option(20.0, min=0, max=10_000, help=speaker.say("help.pause")),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run, site_show

        address = site_run.bus_address(speaker, host, port, framing, serial, bus, node)
        one = site_run.open_session(session, address, pause)
        wanted, tried = site_run.unit_ids(speaker, units), site_run.settings(speaker, setting)
        found, stopped = site_run.run(
            one,
            lambda: one.find(
                tried,
                wanted,
                lambda now, unit: site_show.progress(speaker, now, unit),
                timeout_s=timeout,
                thorough=thorough,
            ),
        )
        if as_json:
            site_run.show_json(speaker, {"units": found, "stopped": stopped})
        else:
            site_show.units(speaker, one.state)
        if one.state.search is not None and one.state.search.any_address:
            speaker.note(speaker.say("site.any-address"))
        if stopped:
            speaker.note(speaker.say("site.stopped"))
        elif not found:
            speaker.note(speaker.say("site.none-found"))
        raise typer.Exit(Exit.OK if found else Exit.FINDING)


def _hosts(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("hosts", help=speaker.say("cmd.site.hosts"))
    def hosts(
        targets: list[str] = typer.Argument(help=speaker.say("help.targets")),
        port: list[int] = typer.Option([502], help=speaker.say("help.tcp-port")),
        timeout: float = typer.Option(0.5, min=0.01, max=10, help=speaker.say("help.timeout")),
        pause: float = typer.Option(20.0, min=0, max=10_000, help=speaker.say("help.pause")),
        as_json: bool = json_option(speaker),
    ) -> None:
        import asyncio

        from app import site_run
        from gateway import site_hosts

        try:
            wanted = site_hosts.targets(targets, port)
        except ValueError as error:
            text = speaker.say("site.usage.targets", text=error, most=site_hosts.MOST_TARGETS)
            raise typer.BadParameter(text) from None
        found = asyncio.run(site_hosts.find_hosts(wanted, timeout_s=timeout, pause_s=pause / 1000))
        if as_json:
            site_run.show_json(speaker, {"hosts": found})
        for one in () if as_json else found:
            key = "site.host" if one.answers else "site.host-open"
            speaker.out.print(speaker.say(key, host=one.host, port=one.port), markup=False)
        raise typer.Exit(Exit.OK if any(one.answers for one in found) else Exit.FINDING)


def _units(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("status", help=speaker.say("cmd.site.status"))
    def status(session: Path = session_option(speaker), as_json: bool = json_option(speaker)) -> None:
        from app import site_run, site_show

        state = site_run.open_session(session).state
        if as_json:
            site_run.show_json(speaker, state)
        else:
            site_show.units(speaker, state)

    @group.command("add", help=speaker.say("cmd.site.add"))
    def add(
        units: str = typer.Argument(help=speaker.say("help.units")),
        session: Path = session_option(speaker),
        host: str = typer.Option("", help=speaker.say("help.host")),
        port: int = typer.Option(502, min=1, max=65535, help=speaker.say("help.tcp-port")),
        framing: str = typer.Option("", help=speaker.say("help.framing")),
        serial: str = typer.Option("", help=speaker.say("help.serial")),
        bus: str = typer.Option("bus", help=speaker.say("help.bus-id")),
        node: str = typer.Option("", help=speaker.say("help.node")),
        setting: str = typer.Option("", help=speaker.say("help.setting")),
    ) -> None:
        from app import site_run, site_show

        address = site_run.bus_address(speaker, host, port, framing, serial, bus, node)
        one = site_run.open_session(session, address)
        tried = site_run.settings(speaker, [setting] if setting else [])
        for unit in site_run.unit_ids(speaker, units):
            one.add(unit, tried[0] if tried else None)
        site_show.units(speaker, one.state)

    @group.command("drop", help=speaker.say("cmd.site.drop"))
    def drop(
        unit: int = typer.Argument(help=speaker.say("help.unit")), session: Path = session_option(speaker)
    ) -> None:
        from app import site_run

        site_run.open_session(session).drop(unit)


def _identify(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("identify", help=speaker.say("cmd.site.identify"))
    def identify(
        units: str = typer.Argument("", help=speaker.say("help.several-units")),
        session: Path = session_option(speaker),
        profile: str = typer.Option("", help=speaker.say("help.profile")),
        pause: float = typer.Option(20.0, min=0, max=10_000, help=speaker.say("help.pause")),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run, site_show
        from core.errors import Unavailable

        one = site_run.open_session(session, pause_ms=pause)
        wanted = site_run.unit_ids(speaker, units) or tuple(one.state.units)
        sure = True
        if profile:
            for unit in wanted:
                one.choose_profile(unit, profile)
                speaker.out.print(speaker.say("site.chosen", unit=unit, profile=profile))
            return

        async def all_of_them() -> None:
            nonlocal sure
            for unit in wanted:
                try:
                    fits = await one.identify(unit)
                except Unavailable as error:
                    sure = False
                    speaker.note(speaker.say("site.silent", unit=unit, why=error.in_language(speaker.language.value)))
                    continue
                sure = sure and one.state.units[unit].identified
                if not as_json:
                    site_show.identified(speaker, one.state.units[unit], fits)

        site_run.run(one, all_of_them)
        if as_json:
            found = [one.state.units[unit] for unit in wanted]
            values = [{"unit": u.unit, "identified": u.identified, "profile": u.profile, "fits": u.fits} for u in found]
            site_run.show_json(speaker, {"units": values})
        raise typer.Exit(Exit.OK if sure else Exit.FINDING)


def _look(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("look", help=speaker.say("cmd.site.look"))
    def look(
        unit: int = typer.Argument(help=speaker.say("help.unit")),
        where: str = typer.Argument("", metavar="[PLACE]", help=speaker.say("help.place-of-words")),
        session: Path = session_option(speaker),
        count: int = typer.Option(10, "--count", "-c", min=1, max=1000, help=speaker.say("help.count")),
        times: int = typer.Option(1, "--times", "-n", min=1, max=10_000, help=speaker.say("help.times")),
        every: float = typer.Option(1.0, min=0, max=3600, help=speaker.say("help.every")),
        meanings: int = typer.Option(4, min=1, max=20, help=speaker.say("help.meanings")),
        as_json: bool = json_option(speaker),
    ) -> None:
        import asyncio

        from app import site_run, site_show
        from gateway.site_survey.grid import Cell

        one = site_run.open_session(session)
        place = site_run.place(speaker, where) if where else None

        async def again() -> tuple[Cell, ...]:
            cells: tuple[Cell, ...] = ()
            for number in range(times):
                if number:
                    await asyncio.sleep(every)
                cells = await (one.look(unit, *place, count) if place else one.look_at_profile(unit))
                if not as_json:
                    site_show.grid(speaker, cells, meanings)
            return cells

        cells, _ = site_run.run(one, again)
        if as_json:
            site_run.show_json(speaker, {"unit": unit, "cells": cells})


def _solve(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("solve", help=speaker.say("cmd.site.solve"))
    def solve(
        unit: int = typer.Argument(help=speaker.say("help.unit")),
        shown: list[str] = typer.Argument(None, help=speaker.say("help.shown")),
        session: Path = session_option(speaker),
        choose: list[str] = typer.Option([], help=speaker.say("help.choose")),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run, site_show

        one = site_run.open_session(session)
        typed = site_run.pairs(speaker, shown or [])
        if typed:
            one.solve(unit, typed)
        chosen = site_run.pairs(speaker, choose)
        for name, index in chosen.items():
            if not index.isdecimal():
                raise typer.BadParameter(speaker.say("site.usage.number", text=repr(index)))
            one.choose(unit, name, int(index))
        state = one.state.units[unit]
        names = list(dict.fromkeys((*typed, *chosen)))
        if as_json:
            solved = {name: state.solved[name] for name in names if name in state.solved}
            site_run.show_json(speaker, {"unit": unit, "solution": state.solution, "solved": solved})
        else:
            site_show.solution(speaker, state, names)
        clear = all(state.solved[name].decided for name in names if name in state.solved)
        raise typer.Exit(Exit.OK if clear else Exit.FINDING)


def _select(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("select", help=speaker.say("cmd.site.select"))
    def select(
        unit: int = typer.Argument(help=speaker.say("help.unit")),
        points: list[str] = typer.Argument(help=speaker.say("help.points")),
        session: Path = session_option(speaker),
    ) -> None:
        from app import site_run, site_show
        from gateway.site_survey.fitted import measurement
        from gateway.site_survey.state import PointState

        one = site_run.open_session(session)
        chosen = []
        for text in points:
            name, _, rest = text.partition("=")
            named, interval, ucum = (*rest.split("@", 2), "", "", "")[:3]
            try:
                interval_s = float(interval or 10)
            except ValueError:
                raise typer.BadParameter(speaker.say("site.usage.number", text=repr(interval))) from None
            chosen.append(
                PointState(register=name, measurement=named or measurement(name), interval_s=interval_s, unit=ucum)
            )
        one.select(unit, chosen)
        site_show.units(speaker, one.state)


def _prove(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("prove", help=speaker.say("cmd.site.prove"))
    def prove(
        unit: int = typer.Argument(help=speaker.say("help.unit")),
        shown: list[str] = typer.Argument(help=speaker.say("help.shown")),
        session: Path = session_option(speaker),
        tolerance: float = typer.Option(0.0, min=0, help=speaker.say("help.tolerance")),
        where: str = typer.Option("display", help=speaker.say("help.where")),
        by: str = typer.Option("", help=speaker.say("help.by")),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run, site_show
        from gateway.site_survey.proof import Verdict
        from gateway.site_survey.state import ReferenceReading

        one = site_run.open_session(session)
        readings = [
            ReferenceReading(register=name, shown=text, tolerance=tolerance, where=where, by=by)
            for name, text in site_run.pairs(speaker, shown).items()
        ]
        found, _ = site_run.run(one, lambda: one.prove(unit, readings))
        if as_json:
            site_run.show_json(speaker, {"unit": unit, "proofs": found})
        else:
            site_show.proofs(speaker, one.state.units[unit], found)
        good = all(proof.verdict is Verdict.PROVEN for proof in found)
        raise typer.Exit(Exit.OK if good else Exit.FINDING)


def _watch(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("watch", help=speaker.say("cmd.site.watch"))
    def watch(
        unit: int = typer.Argument(help=speaker.say("help.unit")),
        session: Path = session_option(speaker),
        seconds: float = typer.Option(60.0, min=0.1, max=86_400, help=speaker.say("help.seconds")),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run, site_show

        one = site_run.open_session(session)
        found, _ = site_run.run(one, lambda: one.watch(unit, seconds))
        if as_json:
            site_run.show_json(speaker, {"unit": unit, "timing": found, "error_percent": found.error_percent})
        else:
            site_show.timing(speaker, found)
        raise typer.Exit(Exit.FINDING if found.errors else Exit.OK)


def _place(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("place", help=speaker.say("cmd.site.place"))
    def place(
        unit: int = typer.Argument(help=speaker.say("help.unit")),
        facility: str = typer.Argument(help=speaker.say("help.facility")),
        session: Path = session_option(speaker),
        facility_class: str = typer.Option("", "--class", help=speaker.say("help.facility-class")),
        governance: str = typer.Option("", help=speaker.say("help.governance")),
        construction: str = typer.Option("", help=speaker.say("help.construction")),
        name: str = typer.Option("", help=speaker.say("help.name")),
        note: str = typer.Option("", help=speaker.say("help.note")),
        photo: list[Path] = typer.Option([], help=speaker.say("help.photo")),
    ) -> None:
        from app import site_run
        from gateway.site_survey.record import Placement

        one = site_run.open_session(session)
        where = Placement(
            facility=facility,
            facility_class=facility_class,
            governance_cell=governance,
            construction_cell=construction,
            note=note,
        )
        one.place(unit, where, name)
        for path in photo:
            one.attach(unit, path)
        speaker.out.print(speaker.say("site.placed", unit=unit, facility=facility), markup=False)


def _bulk(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("bulk", help=speaker.say("cmd.site.bulk"))
    def bulk(
        template: int = typer.Argument(help=speaker.say("help.template")),
        table: Path = typer.Argument(help=speaker.say("help.table")),
        session: Path = session_option(speaker),
        as_json: bool = json_option(speaker),
    ) -> None:
        from app import site_run

        found = site_run.open_session(session).bulk(template, table)
        if as_json:
            site_run.show_json(speaker, {"units": found})
        for unit in () if as_json else found:
            facility = unit.placement.facility if unit.placement else "-"
            text = speaker.say("site.taken-over", unit=unit.unit, template=template, facility=facility)
            speaker.out.print(text, markup=False)


def _labels(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("labels", help=speaker.say("cmd.site.labels"))
    def labels(
        server: str = typer.Argument(help=speaker.say("help.server")),
        session: Path = session_option(speaker),
        output: Path = typer.Option(Path("labels.pdf"), "--output", "-o", help=speaker.say("help.output")),
    ) -> None:
        from app import site_run
        from gateway.site_paper import labels_pdf

        state = site_run.open_session(session).state
        rows = [
            (
                unit.placement.facility,
                f"{state.bus.id} / {speaker.say('site.unit-line', unit=unit.unit, name=unit.name).strip()}",
            )
            for unit in state.units.values()
            if unit.placement is not None
        ]
        site_record.write(output, labels_pdf(server, rows))
        speaker.out.print(speaker.say("site.written", file=output), markup=False)
