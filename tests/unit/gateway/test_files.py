"""Profiles and configurations: right ones load, wrong ones report everything at once with line and remedy."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from core.errors import Invalid
from core.sparkplug.datatypes import DataType as SparkplugType
from gateway.chunk import Traits, Worth
from gateway.config import Mode
from gateway.config_file import load_config, parse_config
from gateway.decode import BlockDecoder
from gateway.document import Document
from gateway.profile import Order, Profile
from gateway.profile_file import parse, shipped
from gateway.service import point_name
from gateway.transport import Framing, Parity, SerialTransport, TcpTransport, TlsOptions, TransactionIds, Transport

GOOD_CONFIG = """
group: wtl
node: gw-1
broker: {host: 127.0.0.1, port: 1883, user: gw-1, password: secret}
uplink: {mode: commit, credit_kb: 128}
spool: {path: data/spool, budget_mb: 64}
status_file: status.json
buses:
  - id: plant
    host: 10.0.0.5
    interval_s: 10
    units:
      - name: meter
        unit: 3
        profile: eastron-sdm630
        interval_s: 5
        deadband: 2%
        points:
          voltage_l1: pm-01/voltage_l1
          power_total: {metric: pm-01/power, interval_s: 1, deadband: 50, max_silence_s: 60, alarm: true}
adapters:
  - id: lora
    broker: {host: 127.0.0.1, port: 1884}
    sources:
      - decoder: chirpstack
        topic: application/1/device/24e1/event/up
        silence_s: 3600
        fields:
          distance: {metric: dl-01/distance, unit: m, scale: 0.001, value: low}
          position: {metric: dl-01/tilted, states: {tilt: 1, normal: 0}}
"""


def test_a_configuration_becomes_frozen_values() -> None:
    """Defaults come down from bus to unit to point, and paths are taken from the file's folder."""
    config = parse_config(GOOD_CONFIG, Path("/etc/twingrid"))
    assert str(config.node) == "wtl/gw-1"
    assert config.spool.path == Path("/etc/twingrid/data/spool")
    assert config.spool.budget_bytes == 64 * 1024 * 1024
    assert config.uplink.mode is Mode.COMMIT
    assert config.uplink.credit_bytes == 128 * 1024
    (bus,) = config.buses
    assert bus.device == "plant"
    assert bus.transport == TcpTransport(host="10.0.0.5", port=502, framing=Framing.TCP)
    voltage, power = bus.units[0].points
    assert (voltage.interval_ms, voltage.report.percent) == (5_000, 2.0)
    assert (power.interval_ms, power.report.absolute, power.report.max_silence_s) == (1_000, 50.0, 60.0)
    assert math.isnan(power.report.percent)
    assert (voltage.traits, power.traits) == (Traits(), Traits(alarm=True))
    (source,) = config.adapters[0].sources
    assert source.fields[0].traits == Traits(worth=Worth.LOW)
    assert source.fields[1].states == {"tilt": 1.0, "normal": 0.0}


TWENTY_ERRORS = """
group: "w/tl"
nod: gw-1
broker: {port: 70000, tls: maybe, password_file: nowhere.secret}
uplink: {mode: sometimes, credit_kb: 1}
spool: {budget_mb: lots}
buses:
  - id: plant room
    host: 127.0.0.1
    port: x
    interval_s: 0
    framing: morse
    units:
      - unit: 300
        profile: eastron-sdm999
        points: {}
      - unit: 2
        profile: xy-md02
        points:
          temprature: a/b
          temperature: no-slash
          humidity: {metric: hall/humidity, deadband: often, intervall_s: 5}
      - unit: 2
        profile: xy-md02
        points:
          humidity: hall/humidity
adapters:
  - id: mqtt
    broker: {host: 127.0.0.1}
    sources:
      - topic: "tele/+/SENSOR"
        decoder: tasmoto
        fields:
          ENERGY.Power: {metric: plug/power, unit: Watt}
"""


def test_every_mistake_of_a_file_is_reported_at_once_with_line_and_remedy() -> None:
    """More than twenty different mistakes: all in one report, in the order of the file."""
    with pytest.raises(Invalid) as caught:
        parse_config(TWENTY_ERRORS, Path("/etc/twingrid"), "gw.yaml")
    findings = caught.value.findings
    text = "\n".join(str(finding) for finding in findings)
    expected = {
        2: ["'w/tl'"],
        3: ["nod is unknown", "did you mean `node`?"],
        4: ["broker.host is missing", "70000", "tls must be true or false", "nowhere.secret"],
        5: ["'sometimes'", "credit_kb is 1"],
        6: ["spool.path is missing", "'lots'"],
        8: ["'plant room'"],
        10: ["port must be a whole number"],
        11: ["interval_s is 0"],
        12: ["'morse'"],
        14: ["unit is 300"],
        15: ["eastron-sdm999"],
        20: ["temprature is no register of xy-md02"],
        21: ["'no-slash'"],
        22: ["deadband must be a number", "intervall_s is unknown"],
        26: ["'hall/humidity' a second time"],
        31: ["wildcards"],
        32: ["'tasmoto'"],
        34: ["unknown unit 'Watt'"],
    }
    for line, parts in expected.items():
        here = "\n".join(str(finding) for finding in findings if finding.line == line)
        for part in parts:
            assert part in here, f"line {line}: {part!r} not in {here!r}\n{text}"
    assert "hold unit id 2 more than once" in text
    assert "node is missing" in text
    assert len(findings) >= 20
    assert all(finding.fix and finding.file == "gw.yaml" for finding in findings)
    assert [finding.line for finding in findings] == sorted(finding.line for finding in findings)


def test_a_device_whose_birth_would_not_fit_its_message_is_refused() -> None:
    """A birth is one message of at most 256 KiB: said once, at the metric that is too many."""
    units = "".join(
        f"      - {{unit: {unit}, profile: generic-f32, points: {{"
        + ", ".join(f"value_{i}: dev{unit}/value_{i}" for i in range(25))
        + "}}\n"
        for unit in range(1, 121)
    )
    text = "group: g\nnode: n\nbroker: {host: h}\nspool: {path: s}\n"
    parse_config(
        f"{text}buses:\n  - id: b\n    host: h\n    units:\n{units[: len(units) // 2].rpartition('      - ')[0]}",
        Path("/"),
    )
    with pytest.raises(Invalid, match="one metric too many for the device 'b'") as caught:
        parse_config(f"{text}buses:\n  - id: b\n    host: h\n    units:\n{units}", Path("/"))
    assert len(caught.value.findings) == 1


@pytest.mark.parametrize(
    ("text", "part"),
    [("a: [1, 2", "no YAML"), ("- a\n- b", "no mapping"), ("", "no mapping"), ("group: a\ngroup: b\n", "twice")],
)
def test_what_is_no_configuration_at_all_is_refused(text: str, part: str) -> None:
    """Broken YAML, lists, empty files and doubled keys have a finding of their own."""
    with pytest.raises(Invalid, match=part):
        parse_config(text, Path("/"))


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    """The path is named, and what to check."""
    with pytest.raises(Invalid, match=r"absent\.yaml: TG-0102 cannot be read"):
        load_config(tmp_path / "absent.yaml")


def profile(text: str) -> Profile:
    head = "maker: m\nmodel: m\nsource: s\n"
    return parse(Document(head + text, "p.yaml"), "p")


def test_all_shipped_profiles_load() -> None:
    """Every profile that comes with Twingrid is valid, and the demo's products are there."""
    assert {
        "eastron-sdm630",
        "xy-md02",
        "senseair-s8",
        "wirenboard-msw-v4",
        "qdy30a",
        "invt-gd200a",
        "dual-axis-inclinometer",
        "tuf-2000m",
        "generic-lift-status",
    } <= shipped().keys()


def test_base_one_addresses_lose_one() -> None:
    """A map that counts from 1 is taken to the wire's count, and 0 is then no address."""
    text = "base: 1\norder: CDAB\nregisters:\n  a: {address: 1, type: f32}\n"
    register = profile(text).registers["a"]
    assert (register.address, register.order) == (0, Order.CDAB)
    with pytest.raises(Invalid, match="address is 0"):
        profile("base: 1\nregisters:\n  a: {address: 0, type: u16}\n")


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("{type: u16}", "address is missing"),
        ("{address: 1}", "type is missing"),
        ("{address: 70000, type: u16}", "address is 70000"),
        ("{address: 65535, type: u32}", "runs past the last address"),
        ("{address: 1, type: u24}", "'u24'"),
        ("{address: 1, type: u16, unit: volts}", "unknown unit 'volts'"),
        ("{address: 1, type: u16, scale: 0}", "scale is 0"),
        ("{address: 1, type: u16, absent: [0x10000]}", "does not fit the type"),
        ("{address: 1, type: bits, bit: 12, bits: 8}", "runs past bit 15"),
        ("{address: 1, type: u16, low: 5, high: 1}", "above high"),
        ("{address: 1, type: u16, function: 6}", "function is 6"),
        ("{address: 1, type: u16, function: 1}", "functions 1 and 2 read bits"),
        ("{address: 1, type: u16, decimals_from: nothing}", "not in the file"),
        ("{address: 1, type: u16, sacle: 2}", "sacle is unknown"),
        ("{address: 1, type: u16, divisor: 0}", "divisor is 0"),
        ("{address: 017, type: u16}", "YAML reads as octal"),
        ("{address: 1, type: string}", "words is missing"),
        ("{address: 1, type: string, words: 200}", "words is 200"),
        ("{address: 1, type: string, words: 2, scale: 2}", "scale cannot scale a string"),
        ("{address: 1, type: string, words: 2, order: EFGH}", "'EFGH'"),
        ("{address: 1, type: bcd, words: 5}", "words is 5"),
        ("{address: 1, type: bits, words: 3}", "a bits has 1, 2, 4 words"),
        ("{address: 1, type: u32, words: 2}", "whose size is known"),
        ("{address: 1, type: u16, bit: 3}", "cuts no bits out of a u16"),
        ("{address: 1, type: enum}", "an enum has named values"),
        ("{address: 1, type: enum, states: {1: {zh: 一}}}", "en is missing"),
        ("{address: 1, type: enum, states: {x: {zh: 一, en: one}}}", "is no raw value"),
        ("{address: 1, type: enum, states: {65536: {zh: 一, en: one}}}", "above 65535"),
        ("{address: 1, type: enum, states: {1: {zh: 一, en: one, severity: bad}}}", "'bad'"),
        ("{address: 1, type: enum, bits: 2, states: {4: {zh: 四, en: four}}}", "above 3"),
        ("{address: 1, type: u16, states: {1: {zh: 一, en: one}}}", "name no values of a u16"),
        ("{address: 1, type: u16, flags: {16: {zh: 十六, en: sixteen}}}", "a bit above 15"),
        ("{address: 1, type: u16, scale: 2, flags: {1: {zh: 一, en: one}}}", "stands at a scaled value"),
        ("{address: 1, type: f32, flags: {1: {zh: 一, en: one}}}", "name no bits of a f32"),
        ("{address: 1, type: u16, flags: {1: {key: A B, zh: 一, en: one}}}", "small letters"),
        (
            "{address: 1, type: u16, flags: {1: {key: a, zh: 一, en: one}, 2: {key: a, zh: 二, en: two}}}",
            "the key 'a' twice",
        ),
    ],
)
def test_a_wrong_register_is_refused(row: str, part: str) -> None:
    """Each mistake in a register row is named."""
    with pytest.raises(Invalid, match=part):
        profile(f"registers:\n  a: {row}\n")


@pytest.mark.parametrize(
    ("number", "function", "address"),
    [
        ("40001", 3, 0),
        ("400001", 3, 0),
        ("465536", 3, 65535),
        ("30002", 4, 1),
        ("10010", 2, 9),
        ("00017", 1, 16),
        ('"00018"', 1, 17),
        ("17", 1, 16),
    ],
)
def test_plc_numbers_say_table_and_address(number: str, function: int, address: int) -> None:
    """The first digit is the table and the rest counts from 1; leading zeros are no octal number here."""
    kind = "u16" if function > 2 else "bool"
    register = profile(f"base: plc\nregisters:\n  a: {{address: {number}, type: {kind}}}\n").registers["a"]
    assert (register.function, register.address) == (function, address)
    assert register.written == number.strip('"')


@pytest.mark.parametrize("number", ["40000", "50001", "465537", "4000001", "0x9C41", "-1", "holding"])
def test_what_is_no_plc_number_is_refused(number: str) -> None:
    """Tables that do not exist, the number 0 and other notations."""
    with pytest.raises(Invalid, match="no PLC number"):
        profile(f"base: plc\nregisters:\n  a: {{address: {number}, type: u16}}\n")


def test_a_plc_number_and_a_function_must_agree() -> None:
    """The number says the function; another one beside it is a mistake, not a choice."""
    with pytest.raises(Invalid, match="30001 is read with 4"):
        profile("base: plc\nregisters:\n  a: {address: 30001, type: u16, function: 3}\n")


PRODUCT = """
base: 1
function: 4
max_registers: 40
max_bits: 64
bridge: 4
turnaround_s: 0.02
illegal: [{from: 11, to: 20}, {function: 1, from: 1, to: 1}]
quirks: [broadcast_address, silent_on_illegal]
kind: drive
evidence: maker
factory: {unit: 3, baud: 19200, parity: even, stop_bits: 1}
identify:
  objects: {vendor_name: "Ex.*", model_name: T1}
  registers:
    - {address: 0x2104, type: u16, equals: [0x010C, 0x010D]}
    - {address: 7, type: string, words: 2, matches: "AB[0-9]+"}
    - {function: 3, address: 9, type: f32, order: CDAB, low: 45, high: 65}
registers:
  status:
    address: 31
    type: u32
    order: CDAB
    absent: [0xFFFFFFFF]
    flags:
      0: {key: ready, zh: 就绪, en: ready}
      20: {key: hot, zh: 过热, en: too hot, severity: high}
      21: {zh: 保留, en: reserved}
  state: {address: 33, type: enum, closed: true, states: {0x0A: {key: run, zh: 运行, en: running}}}
  digits: {address: 34, type: bcd, words: 2}
"""


def test_a_product_is_told_in_full() -> None:
    """Limits, holes, quirks, factory settings, identification and meanings, addresses taken to the wire's count."""
    told = profile(PRODUCT)
    assert (told.kind, told.evidence, told.base, told.max_bits, told.turnaround_s) == ("drive", "maker", "1", 64, 0.02)
    assert told.quirks == ("broadcast_address", "silent_on_illegal")
    assert [(hole.function, hole.start, hole.stop) for hole in told.illegal] == [(4, 10, 20), (1, 0, 1)]
    assert told.refuses(4, 0, 11)
    assert not told.refuses(4, 0, 10)
    assert not told.refuses(3, 10, 20)
    assert (told.factory.unit, told.factory.baud, told.factory.parity) == (3, 19200, "even")
    assert told.identify.objects == {0: "Ex.*", 5: "T1"}
    code, text, frequency = told.identify.signatures
    assert (code.register.address, code.register.function, code.equals) == (0x2103, 4, (0x010C, 0x010D))
    assert (text.register.width, text.matches) == (2, "AB[0-9]+")
    assert (frequency.register.function, frequency.register.order, frequency.register.low) == (3, Order.CDAB, 45)
    assert told.registers["state"].states[10].text.zh == "运行"
    assert told.registers["digits"].stop - told.registers["digits"].address == 2
    assert [register.name for register in told.quantities] == ["status", "state", "digits"]


def test_a_named_bit_is_a_register_of_its_own() -> None:
    """``status.hot`` reads one bit of both words of ``status``, and a point can be made of it."""
    told = profile(PRODUCT)
    assert set(told.registers) == {"status", "status.ready", "status.hot", "state", "digits"}
    hot = told.registers["status.hot"]
    assert (hot.type, hot.bit, hot.address, hot.width, hot.part_of) == ("bits", 20, 30, 2, "status")
    assert hot.absent == (0xFFFFFFFF,)
    decoder = BlockDecoder(30, 2, [hot, told.registers["status.ready"]], [None, None])
    assert decoder.decode(bytes.fromhex("0000 0010")).value.tolist() == [1, 0]
    assert np.isnan(decoder.decode(bytes.fromhex("FFFF FFFF")).value).all()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("quirks: [hot_water]\n", "hot_water"),
        ("kind: toaster\n", "toaster"),
        ("evidence: hearsay\n", "hearsay"),
        ("base: 2\n", "base is '2'"),
        ("max_registers: 126\n", "max_registers is 126"),
        ("max_bits: 2001\n", "max_bits is 2001"),
        ("illegal: [{from: 5, to: 4}]\n", "lies before"),
        ("factory: {unit: 0}\n", "unit is 0"),
        ("factory: {parity: space}\n", "space"),
        ("identify: {}\n", "says nothing"),
        ('identify: {objects: {vendor_name: "("}}\n', "no regular expression"),
        ("identify: {objects: {vendor: x}}\n", "did you mean `vendor_"),
        ("identify: {registers: [{address: 1, type: u16}]}\n", "does not say what a u16 must be"),
        ("identify: {registers: [{address: 1, type: u16, matches: x}]}\n", "does not say what a u16 must be"),
    ],
)
def test_a_wrong_product_is_refused(text: str, part: str) -> None:
    """Closed lists, limits of the protocol, and an identification that identifies nothing."""
    with pytest.raises(Invalid, match=re.escape(part)):
        profile(text + "registers:\n  a: {address: 1, type: u16}\n")


def test_a_text_cannot_be_changed_at_a_site() -> None:
    """A string register may be a point, but without scale, offset, bit or states."""
    head, _, tail = GOOD_CONFIG.partition("          voltage_l1:")
    points = "          serial_number: {metric: ups-1/serial%s}\n          status.on_battery: ups-1/on_battery\n"
    config = head.replace("eastron-sdm630", "apc-smart-ups") + points + tail[tail.index("adapters:") :]
    serial, bit = parse_config(config.replace("%s", ""), Path("/")).buses[0].units[0].points
    assert (point_name("d", serial).type, point_name("d", serial).unit) == (SparkplugType.STRING, "")
    assert bit.register.bit == 2
    with pytest.raises(Invalid, match="is a text"):
        parse_config(config.replace("%s", ", scale: 2"), Path("/"))


def test_the_examples_of_the_manual_load(tmp_path: Path) -> None:
    """``docs/gateway.md``: its gateway and its profile are right, and mean what stands beside them."""
    manual = (Path(__file__).resolve().parents[3] / "docs" / "gateway.md").read_text(encoding="utf-8")
    config_text, profile_text = (block.split("```")[0] for block in manual.split("```yaml\n")[1:])
    (tmp_path / "gw-1.secret").write_text("secret\n")
    config = parse_config(config_text, tmp_path)
    voltage, power, current = config.buses[0].units[0].points
    assert (power.traits, current.traits) == (Traits(alarm=True), Traits(worth=Worth.LOW))
    assert (voltage.interval_ms, voltage.report.always, voltage.report.max_silence_s) == (10_000, True, 300)
    assert (power.interval_ms, power.report.percent, power.unit) == (2_000, 1.0, "kW")
    assert config.buses[1].transport == SerialTransport(
        path="/dev/serial/by-id/usb-FTDI_FT232R-if00-port0", baud=19_200, parity=Parity.EVEN
    )
    assert config.adapters[0].sources[0].fields[0].report.absolute == 2
    assert set(parse(Document(profile_text, "t1.yaml"), "t1").registers) == {"temperature", "energy"}


BUS = "group: g\nnode: n\nbroker: {{host: h}}\nspool: {{path: s}}\nbuses:\n  - id: b\n    {}\n    units: [{}]\n"
UNIT = "{unit: 1, profile: xy-md02, points: {temperature: a/b}}"


@pytest.mark.parametrize(
    ("keys", "transport"),
    [
        ("host: h", TcpTransport(host="h")),
        ("host: h\n    framing: rtu\n    port: 4001", TcpTransport(host="h", port=4001, framing=Framing.RTU)),
        ("host: h\n    framing: ascii\n    guard_ms: 5", TcpTransport(host="h", framing=Framing.ASCII, guard_s=0.005)),
        ("host: h\n    tls: true", TcpTransport(host="h", port=802, tls=TlsOptions())),
        (
            "host: h\n    port: 8020\n    tls: {server_name: plc.example}",
            TcpTransport(host="h", port=8020, tls=TlsOptions(server_name="plc.example")),
        ),
        ("serial: /dev/serial/by-id/usb-1", SerialTransport(path="/dev/serial/by-id/usb-1")),
        (
            "serial: bus0\n    baud: 19200\n    parity: E\n    stop_bits: 2\n    guard_ms: 1.5",
            SerialTransport(path="/etc/tg/bus0", baud=19200, parity=Parity.EVEN, stop_bits=2, guard_s=0.0015),
        ),
        (
            "serial: /dev/ttyS1\n    framing: ascii\n    data_bits: 7\n    parity: odd",
            SerialTransport(path="/dev/ttyS1", parity=Parity.ODD, data_bits=7, framing=Framing.ASCII),
        ),
    ],
)
def test_the_ways_to_a_bus(keys: str, transport: Transport) -> None:
    """Host or serial port, each with its settings and sensible defaults."""
    (bus,) = parse_config(BUS.format(keys, UNIT), Path("/etc/tg")).buses
    assert bus.transport == transport


@pytest.mark.parametrize(
    ("keys", "parts"),
    [
        ("host: h\n    serial: /dev/ttyS0", ["both say where the bus is"]),
        ("interval_s: 5", ["host is missing", "or `serial:`"]),
        ("host: h\n    baud: 9600\n    stop_bits: 1", ["baud belongs to a bus with `serial`", "stop_bits belongs"]),
        ("serial: /dev/ttyS0\n    port: 502\n    tls: true", ["port belongs to a bus with `host`", "tls belongs"]),
        ("serial: /dev/ttyS0\n    framing: tcp", ["framing is 'tcp'", "use one of rtu, ascii"]),
        ("serial: /dev/ttyS0\n    data_bits: 7", ["RTU needs 8"]),
        (
            "serial: /dev/ttyS0\n    baud: 12\n    parity: mark\n    stop_bits: 3",
            ["baud is 12", "'mark'", "stop_bits is 3"],
        ),
        (
            "host: h\n    tls: {ca_file: nowhere.pem, key_file: k.pem, x: 1}",
            ["nowhere.pem", "without a cert", "x is unk"],
        ),
        ("host: h\n    guard_ms: -1", ["guard_ms is -1"]),
    ],
)
def test_every_mistake_in_the_way_to_a_bus_is_reported(keys: str, parts: list[str]) -> None:
    """Each with what to do, all at once."""
    with pytest.raises(Invalid) as caught:
        parse_config(BUS.format(keys, UNIT), Path("/etc/tg"))
    text = "\n".join(str(finding) for finding in caught.value.findings)
    for part in parts:
        assert part in text, text


def test_transaction_ids_belong_to_a_unit_on_modbus_tcp() -> None:
    """Declared where a bridge numbers wrongly; refused where frames carry none."""
    unit = UNIT.replace("unit: 1", "unit: 1, transaction_ids: next")
    (bus,) = parse_config(BUS.format("host: h", unit), Path("/")).buses
    assert bus.units[0].transaction_ids is TransactionIds.NEXT
    with pytest.raises(Invalid, match="which rtu frames do not have"):
        parse_config(BUS.format("host: h\n    framing: rtu", unit), Path("/"))


def test_a_serial_port_belongs_to_one_bus() -> None:
    """Two masters on one port would hear each other's answers."""
    text = BUS.format("serial: /dev/ttyS0", UNIT)
    text += f"  - id: c\n    serial: /dev/ttyS0\n    units: [{UNIT.replace('a/b', 'a/c')}]\n"
    with pytest.raises(Invalid, match="/dev/ttyS0 more than once"):
        parse_config(text, Path("/"))


def test_the_example_of_the_profile_manual_loads() -> None:
    """``docs/profiles.md``: its product is right, means what stands beside it, and nothing in it is odd."""
    manual = (Path(__file__).resolve().parents[3] / "docs" / "profiles.md").read_text(encoding="utf-8")
    example = manual.split("```yaml\n")[1].split("```")[0]
    told = parse(Document(example, "t1.yaml"), "t1")
    assert told.registers["temperature"].address == 0
    assert told.registers["status.overload"].bit == 5
    assert told.identify.signatures[0].register.address == 0x0103
    assert told.refuses(4, 90, 91)
    assert f"{len(shipped())} products come with Twingrid" in manual
