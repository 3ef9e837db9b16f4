"""The load of a bus before it is connected: the arithmetic of its wire, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid
from gateway.config_file import parse_config
from gateway.prediction import SERIAL_TURNAROUND_S, costs, predict
from gateway.transport import SerialTransport, TcpTransport

GATEWAY = """
group: g
node: n
broker: {host: 127.0.0.1, port: 1883}
spool: {path: spool.sqlite}
buses:
  - id: plant
    serial: /dev/ttyUSB0
    baud: 9600
    interval_s: INTERVAL
    units:
UNITS
"""


def gateway(interval_s: float, units: int) -> str:
    points = "{voltage_l1: f{n}/u1, current_l1: f{n}/i1, power_total: f{n}/p, frequency: f{n}/f}"
    rows = [
        f"      - {{unit: {n}, profile: eastron-sdm630, points: {points.replace('{n}', str(n))}}}"
        for n in range(1, units + 1)
    ]
    return GATEWAY.replace("INTERVAL", str(interval_s)).replace("UNITS", "\n".join(rows))


def test_a_read_costs_its_characters_the_turnaround_and_the_silence() -> None:
    """At 9600 8N1, 20 registers: 8 + 45 characters of 10 bits, 3.5 characters of silence, 30 ms: 88.9 ms."""
    serial = costs(SerialTransport(path="/dev/ttyUSB0"))
    characters_s = (8 + 5 + 40 + 3.5) * 10 / 9600
    assert serial.request + 20 * serial.item == pytest.approx(characters_s + SERIAL_TURNAROUND_S)
    assert costs(SerialTransport(path="p"), 0.1).request == pytest.approx(serial.request + 0.07)


def test_on_tcp_only_the_turnaround_is_known() -> None:
    """Registers are almost free, and yet fewer are better."""
    tcp = costs(TcpTransport(host="h"))
    assert tcp.request == pytest.approx(0.005)
    assert 0 < tcp.item < 1e-6


def test_the_predicted_load_of_a_plant_room() -> None:
    """Eight meters every 10 s: by unit and together; the same bus reads all of them in under two seconds."""
    config = parse_config(gateway(10, 8), Path("/etc/twingrid"), "gw.yaml")
    load = predict(config.buses[0])
    assert len(load.units) == 8
    assert load.percent == pytest.approx(sum(unit.percent for unit in load.units))
    assert load.percent == pytest.approx(10 * load.round_s)
    assert 10 < load.percent < 20
    assert load.fits
    assert not load.tight


def test_a_bus_that_cannot_keep_up_is_refused_with_its_load() -> None:
    """Thirty meters every second: refused at its line, with the percentage and what to do."""
    with pytest.raises(Invalid) as caught:
        parse_config(gateway(1, 30), Path("/etc/twingrid"), "gw.yaml")
    (finding,) = caught.value.findings
    assert finding.code == "TG-0107"
    assert finding.line > 0
    assert "% of the bus's time" in str(finding)
