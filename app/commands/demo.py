"""``twingrid demo``."""

from pathlib import Path

import typer

from app.console import Speaker


def register(app: typer.Typer, speaker: Speaker) -> None:
    """Add the command."""

    @app.command("demo", help=speaker.say("cmd.demo"))
    def demo(
        data: Path = typer.Option(Path(".twingrid/demo"), help=speaker.say("help.data")),
        port: int = typer.Option(8080, min=1, max=65535, help=speaker.say("help.port")),
        broker_port: int = typer.Option(1883, min=1, max=65535, help=speaker.say("help.broker-port")),
        modbus_port: int = typer.Option(5020, min=1, max=65000, help=speaker.say("help.modbus-port")),
        speed: float = typer.Option(1.0, min=0.1, max=100, help=speaker.say("help.speed")),
        faults: Path | None = typer.Option(None, exists=True, dir_okay=False, help=speaker.say("help.faults")),
        fresh: bool = typer.Option(False, "--fresh", help=speaker.say("help.fresh")),
    ) -> None:
        from app import demo as demonstration
        from app.demo_files import DemoPorts

        ports = DemoPorts(pages=port, broker=broker_port, modbus=modbus_port)
        script = faults.resolve() if faults is not None else None
        wanted = demonstration.DemoOptions(folder=data.resolve(), ports=ports, speed=speed, fresh=fresh, faults=script)
        raise typer.Exit(demonstration.run(wanted, speaker))
