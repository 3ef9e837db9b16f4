"""The command line in Chinese, as a person reads it: whatever goes wrong, no English is printed but names."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.settings_file import _paths
from core.alarms import Severity
from core.calendar import WORDS
from core.findings import Kind as FindingKind
from core.holidays import DayKind
from core.people import Role
from core.places import Grid
from core.ports.registry import Provenance
from core.units import UNITS
from gateway import profile_findings
from gateway.config import Mode
from gateway.decoders import DECODERS
from gateway.product import Evidence as ProfileEvidence
from gateway.product import Kind, Quirk
from gateway.profile import DataType, Order
from gateway.profile_file import OBJECTS, shipped
from gateway.profile_warnings import MOST_BYTES, check, check_text
from gateway.quantities import called
from gateway.transport import Framing
from registry import calendar_entries
from registry.calendar_entries import DAY_WORDS, HolidaySource, Unpublished
from registry.classbook import load_classes
from registry.columns import ORDER
from rules.language.parser import FORECASTS
from rules.language.surroundings import AGE, QUESTIONS
from rules.operators import FUNCTIONS, WINDOWS
from rules.rule_set import Evidence
from rules.trial.scenario import EXPECTED, STATES
from rules.trial.series import MARKS
from tests.integration.app.test_cli import twingrid

WORD = re.compile(r"[A-Za-z]{2,}")
PATH = re.compile(r"(?<![\w.])/[\w./-]+")
HEXADECIMAL = re.compile(r"\b0x[0-9A-Fa-f]+\b")
NAMES = frozenset(
    WORD.findall(
        # products, formats and standards that are called so in Chinese too
        "twingrid python sqlite mqtt nats mosquitto yaml csv json utf gbk ucum wgs tg lang chrony systemd timesyncd "
        "chinesecalendar webhook "
        # commands, options and values that are written as they are
        "make web pip install apt server ulimit help config check doctor show version demo up core api gateway data "
        "docs md port broker modbus mbpoll speed fresh log level origin str int float true false null none external "
        "zip bundle login give end alarms notify faults site list diff push file note wait out buses adapters profiles "
        "debug info warning error err value key args continuous work arrive http https asia shanghai gb chmod "
        # words of the languages that the files are written in
        "and or not in over low high facility group node registry from until zh en class attributes season calendar "
        # names in examples of what to write
        "heating flood material"
    )
)

SETTINGS = """\
broker:
  port: 99999
  prot: 1
  kind: rabbit
api:
  port: abc
  port: 12x
  hosts: localhost
time_zone: Mars/Base
language: fr
gateways: 7
log: loud
store:
  raw_days: 0
  engine: victoriametrics
"""
GATEWAY = """\
group: g
node: gw 1
broker: {host: 127.0.0.1, prot: 1, password_file: nowhere.secret, ca_file: nowhere.pem}
uplink: {mode: sometimes, credit_kb: 1}
spool: {budget_mb: lots}
buses:
  - id: plant room
    host: h
    framing: ascii
    units:
      - {unit: 300, profile: nothing, points: {}}
      - {unit: 2, profile: xy-md02, points: {temprature: a/b, temperature: no-slash, humidity: [x]}}
      - {unit: 2, profile: xy-md02, points: {humidity: {metric: a/b, deadband: often, unit: Watt, intervall_s: 3}}}
adapters:
  - id: m
    broker: {}
    sources:
      - {name: 5, topic: tele/+/SENSOR, decoder: tasmoto, fields: {A.B: {metric: a/b}}}
"""
RULES = """\
- id: No Id
  class: sewage_pumb
  when: level > 2 m
- id: one
  class: sewage_pump
  when: "level > 2"
  for: soon
  severity: dire
  lead: nobody
  say: {zh: 高, en: ''}
  do: {zh: [看], en: []}
  source: {zh: 标准}
  evidence: guess
  deadline: {hours: four, clock: sun}
  from: tomorrow
- {id: two, class: sewage_pump, when: level = 2 m, extra: 1}
- {id: three, class: sewage_pump, when: level > 2 m <= 3 m}
- {id: four, class: sewage_pump, when: "level > 2 Meter"}
- {id: five, class: sewage_pump, when: levle > 2 A and level > 2 A}
- {id: six, class: sewage_pump, when: "(level > 2 m"}
- {id: seven, class: sewage_pump, when: mean(level) > 2 m and frobnicate(level) > 1 m}
- {id: eight, class: sewage_pump, when: "level in [3 m, 2 m]"}
- {id: nine, class: sewage_pump, when: level}
- {id: ten, class: hvac, when: room_temp + return_temp > 40 Cel}
- {id: ten, class: hvac, when: mean(room_temp) over 40 d > 40 Cel}
- {id: eleven, class: hvac, when: age(room_temp) > facility.limit and known(room_temp, levle)}
- {id: twelve, class: hvac, when: occupied == 1 and room_temp == 'PE' or in season}
- {id: thirteen, class: hvac, when: occupied and in season 3}
- {id: fourteen, class: hvac, when: occupied == 1 and room_temp == 'PE' or age(room_temp) > 9 d}
- {id: fifteen, class: hvac, when: not known(room_temp)}
- {id: sixteen, class: hvac, when: room_temp > class.limit Cel}
- text
"""
PROFILE = """\
base: 2
maker: 5
model: m
source: s
quirks: [limps]
kind: toaster
evidence: rumour
max_registers: 1
max_bits: 0
bridge: 500
timeout_s: soon
illegal: [{from: 9, to: 3}, 5]
factory: {unit: 300, baud: fast, parity: mark, stop_bits: 3, colour: red}
identify:
  objects: {vendor_name: "(", product_code: "*a", revision: "[z-a]", model: x, model_name: "a{2,1}"}
  registers:
    - {address: 0, type: u16}
    - {address: 0, type: string, words: 1, equals: 3}
note: [n]
registres: {}
registers:
  octal: {address: 007, type: u16}
  late: {address: 65535, type: u32, unit: Watt}
  wide: {address: 0, type: f64, words: 4}
  coil: {address: 0, function: 1, type: u16}
  word: {address: 0, type: bcd, words: 9}
  odd: {address: 0, type: enum, words: 3, states: {}}
  bits: {address: 0, type: bits, bit: 15, bits: 2}
  cut: {address: 0, type: u16, bit: 3, encoding: ascii, closed: true, states: {1: {zh: 一, en: one}}}
  text: {address: 0, type: string, scale: 2, divisor: 3, offset: 1, unit: V, absent: [0], sensor_error: [1], words: 1}
  flat: {address: 0, type: u16, scale: 0, divisor: 0, absent: [70000], low: 5, high: 3}
  named:
    address: 0
    type: enum
    states: {x: {zh: 一, en: one}, 70000: {zh: 二, en: two}, 1: {key: A b, zh: 三, en: three}}
  twice:
    address: 0
    type: u16
    flags: {1: {key: a, zh: 一, en: one}, 2: {key: a, zh: 二, en: two}, 40: {zh: 三, en: three}}
  scaled: {address: 0, type: u16, scale: 2, flags: {1: {zh: 一, en: one}}}
  floats: {address: 0, type: f32, flags: {1: {zh: 一, en: one}}}
  shut: {address: 0, type: enum, closed: true, decimals_from: octal, states: {1: {zh: 一, en: one}}}
  lost: {address: 0, type: u16, exponent_from: nowhere}
  far: {address: 0, type: u16, exponent_from: late}
"""
NUMBERED = """\
base: plc
quirks: [[x]]
maker: m
model: m
source: s
registers:
  a: {address: 90001, type: u16}
  b: {address: 30001, type: u16, function: 3}
  c: {type: u24}
"""
EMPTY = "maker: m\nmodel: m\nsource: s\nidentify: {}\nregisters: {}\n"
ODD = """\
maker: m
model: m
source: ""
note: one language
max_registers: 4
bridge: 4
illegal: [{from: 8, to: 9}]
registers:
  a: {address: 0, type: u32}
  b: {address: 1, type: u16, low: 0, high: 5}
  c: {address: 8, type: u16}
  d: {address: 20, type: u16, decimals_from: a2, unit: V}
  a2: {address: 3, type: u16}
"""
REGISTRY = {
    "streets.csv": "code,name_zh,name_en,colour\ns1,一街,First Street,red\ns1,,,\n",
    "communities.csv": "code,name_zh,name_en,street,valid_from,latitude,longitude\nxb,西坝,Xiba,s9,soon,95,x\n"
    "xc,东坝,Dongba,s9,2026-01-01,31,112\n"
    "xc,东坝,Dongba,s9,2026-01-01,31,112\n",
    "cells.yaml": "- {code: c1, grid: governance, community: xb, name: {zh: 一, en: One}, polygon: [1 2 3, 4 5], "
    "valid_from: 2026-01-01}\n- 7\n",
    "gateways.csv": "group,node\na,b,c\n",
    "facilities.yaml": "- {code: f 1, class: nothing, community: xb, name: {zh: 泵, en: Pump}, provenance: rumour}\n"
    "- {code: f2, class: nothing, community: xc, name: {zh: 泵, en: Pump}, latitude: 31, longitude: 112}\n"
    "- {code: f3, class: sewage_pump, community: xc, name: {zh: 泵, en: Pump}, latitude: 31, longitude: 112, "
    "gateway: a/b, measurements: [levle]}\n",
    "people.csv": '"code,name_zh\n',
    "calendar.yaml": "- {hours: daily 06:00-22:00}\n"
    "- {entry: general, zone: Mars/Base, unpublished: perhaps}\n"
    "- {entry: opening, hours: mon-fri 08:00-18:00}\n"
    "- {entry: opening, hours: workday 8-18}\n"
    "- {entry: opening, hours: someday 08:00-18:00}\n"
    "- {entry: opening, hours: daily 08:00-18:00; daily closed, valid_from: soon}\n"
    "- {entry: season, name: Flood 1, first: 05-01, last: 10-15}\n"
    "- {entry: season, name: flood, first: 05-01, last: 2026-10-15}\n"
    "- {entry: season, name: flood, first: 05-01, last: 10-32, hours: closed}\n"
    "- {entry: day, date: 2027-02-06, is: feast}\n"
    "- {entry: work, code: w1, name: {zh: 换泵, en: Pump}, from: 2026-12-01T08:00, until: 2026-12-01T07:00}\n"
    "- {entry: work, code: w2, name: {zh: 换泵, en: Pump}, from: soon, until: 2026-12-01T07:00, cell: c9}\n"
    "- {entry: year, year: 2027}\n"
    "- {entry: year, year: 2027}\n"
    "- {entry: weather}\n",
}


def _words_known() -> Iterator[str]:
    """Names that are the same in both languages: of settings, columns, classes, measurements, units and functions."""
    for path in _paths(Settings):
        yield from path  # type: ignore[misc]
    calendar = (calendar_entries.KINDS, DAY_WORDS, HolidaySource, Unpublished, DayKind)
    asked = (QUESTIONS, (AGE,), WORDS)
    for columns in (*ORDER.values(), ORDER, UNITS, FUNCTIONS, WINDOWS, FORECASTS, OBJECTS, *asked, *calendar):
        yield from columns
    choices = (Mode, Framing, DECODERS, Provenance, Role, Grid, Evidence, DataType, Order, Kind, Quirk, ProfileEvidence)
    for choice in choices:
        yield from choice
    yield from (*MARKS, *EXPECTED, *STATES)
    yield from (severity.name for severity in Severity)
    for class_id, entry in load_classes().items():
        yield class_id
        yield from entry.facility_class.measurements


def _allowed(folder: Path) -> frozenset[str]:
    written = [file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.suffix in {".yaml", ".csv"}]
    names = [str(file) for file in folder.rglob("*")]
    shipped = ["TWINGRID_API__PROT TWINGRID_API__PORT", str(folder)]
    readers = ("config_file", "document", "profile_file", "profile_rows")
    gateway_words = "".join(Path(f"gateway/{name}.py").read_text(encoding="utf-8") for name in readers)
    keys = re.findall(r'"([a-z_]+)"', gateway_words) + re.findall(
        r'"([a-z_]+)"', Path("rules/language/entry.py").read_text()
    )
    text = " ".join([*written, *names, *shipped, *keys, *_words_known()])
    return frozenset(word.lower() for word in WORD.findall(f"{text} {' '.join(_said_by_profiles())}")) | NAMES


def _said_by_profiles() -> Iterator[str]:
    """Names that profiles hold: keys of registers, values and bits, and what stands in their Chinese texts."""
    for key, profile in shipped().items():
        yield from (key, profile.maker.zh, profile.model.zh, profile.source.zh, profile.note.zh if profile.note else "")
        yield from (*profile.identify.objects.values(), *(one.matches for one in profile.identify.signatures))
        for one in profile.registers.values():
            yield from (one.name, one.unit, called(one).zh, one.note.zh if one.note else "")
            yield from (meaning.text.zh for meaning in (*one.states.values(), *one.flags.values()))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """An installation in which everything that a person writes is wrong, the settings excepted."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "rules" / "b.yaml").write_text("- {id: [\n", encoding="utf-8")
    (tmp_path / "registry").mkdir()
    for name, text in REGISTRY.items():
        (tmp_path / "registry" / name).write_text(text, encoding="utf-8")
    (tmp_path / "gw.yaml").write_text(GATEWAY, encoding="utf-8")
    (tmp_path / "profiles.yaml").write_text("a: 1\n b: 2\n", encoding="utf-8")
    settings = "gateways: [gw.yaml, profiles.yaml, nowhere.yaml]\nregistry: {folder: registry}\nrules: {book: rules}\n"
    (tmp_path / "twingrid.yaml").write_text(settings, encoding="utf-8")
    return tmp_path


def strangers(text: str, folder: Path) -> list[str]:
    """Latin words that are no names: each with the line it stands in."""
    allowed = _allowed(folder)
    return [
        f"{word!r} in {line}"
        for line in text.splitlines()
        for word in WORD.findall(HEXADECIMAL.sub("", PATH.sub("", line)))
        if word.lower() not in allowed
    ]


def test_an_english_sentence_would_be_noticed(tmp_path: Path) -> None:
    """The look at words finds the English of the same findings."""
    (tmp_path / "twingrid.yaml").write_text(SETTINGS, encoding="utf-8")
    run = twingrid("--lang", "en", "check", cwd=tmp_path)
    assert len(strangers(run.stderr, tmp_path)) > 20


def test_wrong_settings_are_explained_in_chinese(tmp_path: Path) -> None:
    """Every finding of a settings file and of the variables, from each command that reads them."""
    (tmp_path / "twingrid.yaml").write_text(SETTINGS, encoding="utf-8")
    for command in (("check",), ("doctor",), ("config", "show"), ("up",)):
        run = twingrid("--lang", "zh", *command, cwd=tmp_path, TWINGRID_API__PROT="1")
        assert run.returncode in {1, 78}, run.stderr
        assert run.stderr.count("处理: ") >= 10
        assert strangers(run.stdout + run.stderr, tmp_path) == []


@pytest.mark.parametrize(
    "text",
    ["broker: {port: 1", "- a\n- b\n", "a: b: c\n", "a: 'b\n", "a: 1\n\tb: 2\n", "a: *b\n", "a:\n  - b\n c: d\n"],
)
def test_broken_yaml_is_explained_in_chinese(tmp_path: Path, text: str) -> None:
    """What the YAML library finds is said in Chinese too."""
    (tmp_path / "twingrid.yaml").write_text(text, encoding="utf-8")
    run = twingrid("--lang", "zh", "check", cwd=tmp_path)
    assert run.returncode == 1
    assert "TG-0010" in run.stderr
    assert strangers(run.stdout + run.stderr, tmp_path) == []


def test_everything_else_that_people_write_is_explained_in_chinese(broken: Path) -> None:
    """Gateways, registry and rules with dozens of mistakes: dozens of findings, all of them Chinese."""
    run = twingrid("--lang", "zh", "check", cwd=broken)
    assert run.returncode == 1, run.stderr
    codes = set(re.findall(r"TG-\d{4}", run.stderr))
    assert len(codes) >= 30, sorted(codes)
    assert run.stderr.count("处理: ") > 60
    assert strangers(run.stdout + run.stderr, broken) == []


def test_wrong_and_odd_profiles_are_explained_in_chinese(tmp_path: Path) -> None:
    """Every finding of `profile check`, errors and warnings, and of `profile show` on a file that does not load."""
    texts = {"wrong": PROFILE, "numbered": NUMBERED, "empty": EMPTY, "odd": ODD, "broken": "a: [\n", "list": "- a\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    checked = [check(tmp_path / f"{name}.yaml", ours=True) for name in texts]
    sent = [check_text("x" * (MOST_BYTES + 1), "large"), check_text("a: &b 1\nc: *b\n", "tangled")]
    found = {finding.kind for one in (*checked, *sent) for finding in (*one.errors, *one.warnings)}
    assert found >= {kind for kind in vars(profile_findings).values() if isinstance(kind, FindingKind)}
    run = twingrid("--lang", "zh", "profile", "check", *(f"{name}.yaml" for name in texts), "none.yaml", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    assert run.stderr.count("处理: ") > 60
    assert set(re.findall(r"TG-01[0-9]{2}", run.stderr)) >= {
        f"TG-{code:04}" for code in (*range(100, 107), *range(120, 126))
    } - {"TG-0103"}
    assert strangers(run.stdout + run.stderr, tmp_path) == []
    said = [f"{finding.what_in('zh')} {finding.fix_in('zh')}" for one in sent for finding in one.errors]
    assert len(said) == len(sent)
    assert strangers("\n".join(said), tmp_path) == []
    as_json = twingrid("--lang", "zh", "profile", "check", "--json", "wrong.yaml", "odd.yaml", cwd=tmp_path)
    told = [one for file in json.loads(as_json.stdout) for one in (*file["errors"], *file["warnings"])]
    assert len(told) > 50
    assert strangers("\n".join(f"{one['what']} {one['fix']}" for one in told), tmp_path) == []
    show = twingrid("--lang", "zh", "profile", "show", "wrong.yaml", cwd=tmp_path)
    assert show.returncode in {1, 78}, show.stderr
    assert "处理: " in show.stderr
    assert strangers(show.stdout + show.stderr, tmp_path) == []


def test_profiles_are_shown_in_chinese(tmp_path: Path) -> None:
    """`profile list` and `profile show`: no English but names and what a file holds; a wrong name is explained."""
    run = twingrid("--lang", "zh", "profile", "list", cwd=tmp_path, COLUMNS="300")
    assert run.returncode == 0, run.stderr
    assert strangers(run.stdout, tmp_path) == []
    for key in ("danfoss-fc51", "danfoss-ekc-202d", "sunspec-203", "schneider-iem3000", "meanwell-drs", "qdy30a"):
        shown = twingrid("--lang", "zh", "profile", "show", key, cwd=tmp_path, COLUMNS="300")
        assert shown.returncode == 0, shown.stderr
        assert strangers(shown.stdout, tmp_path) == []
    for arguments in (("show", "eastron-sdm63"), ("list", "--kind", "gass"), ("list", "--profiles", "nowhere")):
        wrong = twingrid("--lang", "zh", "profile", *arguments, cwd=tmp_path)
        own = {word.lower() for argument in arguments for word in WORD.findall(argument)}
        assert [
            one for one in strangers(wrong.stdout + wrong.stderr, tmp_path) if one.split("'")[1].lower() not in own
        ] == []


def test_the_machine_is_described_in_chinese(tmp_path: Path, free_port: int) -> None:
    """`doctor` with a busy port and an open secret; the same in JSON."""
    secrets = tmp_path / ".twingrid" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "broker.json").write_text("{}")
    (secrets / "broker.json").chmod(0o644)
    with socket.create_server(("127.0.0.1", free_port)):
        run = twingrid("--lang", "zh", "doctor", cwd=tmp_path, TWINGRID_API__PORT=str(free_port), COLUMNS="400")
        up = twingrid("--lang", "zh", "up", cwd=tmp_path, TWINGRID_BROKER__PORT=str(free_port))
    assert run.returncode == 1
    assert f"端口 {free_port}（网页）已被占用" in run.stdout
    assert f"端口 {free_port}（MQTT 消息代理）已被占用" in up.stderr
    assert strangers(run.stdout + run.stderr + up.stderr, tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("check", "--help"),
        ("demo", "--help"),
        ("config",),
        ("nonsense",),
        ("check", "--confg", "x"),
        ("check", "--config"),
        ("check", "extra"),
        ("gateway",),
        ("gateway", "--log-level", "info"),
        ("gateway", "config", "push", "--help"),
        ("gateway", "config", "push"),
        ("gateway", "config", "push", "gw"),
        ("bundle", "--help"),
        ("demo", "--port", "0"),
        ("demo", "--port", "abc"),
    ],
)
def test_help_and_wrong_use_are_chinese(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Help pages and what is said of a mistyped command line."""
    run = twingrid("--lang", "zh", *arguments, cwd=tmp_path)
    said = run.stdout + run.stderr
    assert re.search(r"[\u4e00-\u9fff]", said)
    own = {word.lower() for argument in arguments for word in WORD.findall(argument)}
    assert [one for one in strangers(said, tmp_path) if one.split("'")[1].lower() not in own] == []


ODD_RULES = """\
- {id: odd-one, class: sewage_pump, when: level > 2 m, for: 10 s, clear: level > 1 m, REST}
- {id: odd-two, class: sewage_pump, when: level > 12 m, REST}
- {id: odd-three, class: sewage_pump, when: level > 13 m, clear: level < 1 m, REST}
- {id: odd-four, class: sewage_pump, when: mean(level) over 20 s > 2 m, clear: level < 1 m, REST}
- {id: odd-five, class: sewage_pump, when: level > 12 m, clear_for: 1 min, REST}
"""
ODD_REST = (
    "severity: low, lead: construction, say: {zh: 高, en: x}, do: {zh: [看], en: [x]}, source: GB, evidence: read"
)
SCENARIOS = """\
class: sewage_pump
scenarios:
  - name: a
    series: {levl: 1x3, level: 1 yy, pump_current: {interval: 0, values: 1!fine}}
    stale_after: {level: soon}
    attributes: {start_level: high}
    start: 2026-03-02
    expect: [{rule: pump-dry-run, start: 2 min, stop: 1 min, severity: dire}, {rule: pump-dry-rnu, start: 1 min}]
    moments: [{at: 1 min, pump-dry-run: of}, {pump-dry-run: normal}]
  - name: a
    series: {level: _x3}
    expcet: []
"""
FAILING = """\
class: sewage_pump
scenarios:
  - name: a
    say: 空转
    series: {level: 0.1x20, pump_current: 5x20}
    expect: []
    moments: [{at: 1 min, pump-dry-run: normal}]
"""


def test_the_commands_for_rules_speak_chinese(broken: Path) -> None:
    """Errors and warnings of rules, mistakes in scenarios, a verdict, an explanation, a refusal: no word of English."""
    (broken / "rules" / "odd.yaml").write_text(ODD_RULES.replace("REST", ODD_REST), encoding="utf-8")
    (broken / "scenarios.yaml").write_text(SCENARIOS, encoding="utf-8")
    (broken / "failing.yaml").write_text(FAILING, encoding="utf-8")
    checked = twingrid("--lang", "zh", "rule", "check", "rules", "none.yaml", cwd=broken)
    codes = set(re.findall(r"TG-03\d{2}", checked.stderr))
    assert codes >= {"TG-0301", "TG-0310", "TG-0311", "TG-0331", "TG-0332", "TG-0333", "TG-0334", "TG-0335"}
    shown = [line for line in checked.stderr.splitlines() if not line.startswith("    ") or "处理" in line]
    assert strangers("\n".join(shown) + checked.stdout, broken) == []
    (broken / "twingrid.yaml").unlink()
    for words in (
        ("test", "scenarios.yaml"),
        ("test", "failing.yaml"),
        ("explain", "pump-dry-run"),
        ("explain", "pump-dry-run", "--facility", "x"),
        ("reload",),
        ("new", "--class", "sewage_pump", "--measurement", "level", "--limit", "> 20 m"),
    ):
        run = twingrid("--lang", "zh", "rule", *words, cwd=broken)
        assert run.returncode == (0 if words == ("explain", "pump-dry-run") else 69 if words == ("reload",) else 1)
        told = "\n".join(line for line in (run.stdout + run.stderr).splitlines() if not line.startswith("  when: "))
        assert strangers(told, broken) == [], words
