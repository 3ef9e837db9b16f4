"""``twingrid modbus read|watch|scan|decode``: for those who think in mbpoll. Nothing is ever written to a device."""

from __future__ import annotations

import typer

from app.console import Speaker
from app.exits import Exit


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the commands."""
    group = typer.Typer(help=speaker.say("cmd.modbus"), no_args_is_help=True)
    app.add_typer(group, name="modbus")
    _poll(group, speaker, "read", speaker.say("cmd.modbus.read"))
    _poll(group, speaker, "watch", speaker.say("cmd.modbus.watch"))
    _scan(group, speaker)
    _decode(group, speaker)


def _poll(group: typer.Typer, speaker: Speaker, name: str, text: str) -> None:
    watches = name == "watch"

    @group.command(name, help=text)
    def poll(
        device: str = typer.Argument(help=speaker.say("help.device")),
        mode: str = typer.Option("", "-m", "--mode", help=speaker.say("help.mb.mode")),
        unit: str = typer.Option("1", "-a", "--unit", help=speaker.say("help.mb.unit")),
        reference: int = typer.Option(1, "-r", "--reference", min=0, max=65536, help=speaker.say("help.mb.reference")),
        count: int = typer.Option(1, "-c", "--count", min=1, max=2000, help=speaker.say("help.mb.count")),
        kind: str = typer.Option("4", "-t", "--type", help=speaker.say("help.mb.type")),
        zero: bool = typer.Option(False, "-0", "--zero", help=speaker.say("help.mb.zero")),
        big: bool = typer.Option(False, "-B", "--big-endian", help=speaker.say("help.mb.big")),
        once: bool = typer.Option(False, "-1", "--once", help=speaker.say("help.mb.once")),
        rate: int | None = typer.Option(None, "-l", "--poll-rate", min=10, help=speaker.say("help.mb.rate")),
        timeout: float = typer.Option(1.0, "-o", "--timeout", min=0.01, max=10, help=speaker.say("help.timeout")),
        port: int = typer.Option(502, "-p", "--port", min=1, max=65535, help=speaker.say("help.tcp-port")),
        baud: int = typer.Option(19200, "-b", "--baud", min=300, max=4_000_000, help=speaker.say("help.mb.baud")),
        parity: str = typer.Option("even", "-P", "--parity", help=speaker.say("help.mb.parity")),
        stop_bits: int = typer.Option(1, "-s", "--stop-bits", min=1, max=2, help=speaker.say("help.mb.stop-bits")),
        polls: int = typer.Option(0, "-n", "--polls", min=0, help=speaker.say("help.mb.polls")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app import modbus_run, modbus_types, site_run

        try:
            how = modbus_types.reading(kind, big)
        except ValueError:
            known = modbus_types.KNOWN
            raise typer.BadParameter(speaker.say("modbus.usage.type", text=repr(kind), known=known)) from None
        base = 0 if zero else 1
        if not base <= reference <= 65535 + base or count > how.most:
            raise typer.BadParameter(speaker.say("modbus.usage.reference", text=f"{reference} × {count}"))
        wire = modbus_run.Wire(
            device=device, mode=mode, port=port, baud=baud, parity=parity, stop_bits=stop_bits, timeout_s=timeout
        )
        single = once or (not watches and rate is None and not polls)
        what = modbus_run.Poll(
            units=site_run.unit_ids(speaker, unit),
            how=how,
            address=reference - base,
            base=base,
            count=count,
            polls=1 if single else polls,
            rate_s=(rate or 1000) / 1000,
            marks=watches,
        )
        raise typer.Exit(modbus_run.poll(speaker, wire, what, as_json))


def _scan(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("scan", help=speaker.say("cmd.modbus.scan"))
    def scan(
        device: str = typer.Argument(help=speaker.say("help.device")),
        mode: str = typer.Option("", "-m", "--mode", help=speaker.say("help.mb.mode")),
        unit: str = typer.Option("", "-a", "--unit", help=speaker.say("help.units")),
        timeout: float = typer.Option(0.3, "-o", "--timeout", min=0.01, max=10, help=speaker.say("help.timeout")),
        port: int = typer.Option(502, "-p", "--port", min=1, max=65535, help=speaker.say("help.tcp-port")),
        baud: int = typer.Option(19200, "-b", "--baud", min=300, max=4_000_000, help=speaker.say("help.mb.baud")),
        parity: str = typer.Option("even", "-P", "--parity", help=speaker.say("help.mb.parity")),
        stop_bits: int = typer.Option(1, "-s", "--stop-bits", min=1, max=2, help=speaker.say("help.mb.stop-bits")),
        setting: list[str] = typer.Option([], help=speaker.say("help.setting")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app import modbus_run, site_run

        wire = modbus_run.Wire(
            device=device, mode=mode, port=port, baud=baud, parity=parity, stop_bits=stop_bits, timeout_s=timeout
        )
        units, tried = site_run.unit_ids(speaker, unit), site_run.settings(speaker, setting)
        raise typer.Exit(modbus_run.scan(speaker, wire, units, tried, as_json))


def _decode(group: typer.Typer, speaker: Speaker) -> None:
    @group.command("decode", help=speaker.say("cmd.modbus.decode"))
    def decode(
        hexadecimal: list[str] = typer.Argument(metavar="HEX", help=speaker.say("help.hex")),
        as_json: bool = typer.Option(False, "--json", help=speaker.say("help.json")),
    ) -> None:
        from app import modbus_types, site_run, site_show
        from gateway.site_survey.grid import grid
        from gateway.site_survey.words import Snapshot

        try:
            words = modbus_types.pasted(hexadecimal)
        except ValueError:
            raise typer.BadParameter(speaker.say("modbus.usage.hex", text=" ".join(hexadecimal))) from None
        cells = grid([Snapshot({(3, address): word for address, word in enumerate(words)})])
        if as_json:
            site_run.show_json(speaker, {"words": words, "cells": cells})
        else:
            site_show.forms(speaker, cells)
        raise typer.Exit(Exit.OK)
