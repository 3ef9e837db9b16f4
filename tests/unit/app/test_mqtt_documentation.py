"""The AsyncAPI document says what is spoken."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from app.broker_accounts import gateway_account, host_account, outward_account
from app.mqtt_documentation import COMMITTED, address, document, written
from app.mqtt_schemas import EXTENSIONS, mqtt_schemas
from core.places import PointKind
from core.sparkplug import sparkplug_b_pb2 as spb
from core.sparkplug.configuration import Answer, Outcome, Push, Report, encode_push, encode_report
from core.sparkplug.drill import DrillAnswer, DrillCall, DrillOutcome, Recipient, encode_answer, encode_call
from core.sparkplug.topics import MessageType, NodeId, Topic, state
from dispatch.home_assistant.discovery import (
    ShownPoint,
    Value,
    availability_topic,
    config_topic,
    configuration,
    state_topic,
)
from dispatch.home_assistant.discovery import state as state_of
from gateway import births
from gateway.drills import BIRTH
from gateway.remote import birth_metrics

SPECIFICATION = Path(__file__).parents[3] / "web" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


def test_the_committed_document_is_the_one_that_is_spoken() -> None:
    """`docs/asyncapi.json` equals what the code makes (`python -m app.mqtt_documentation` rewrites it)."""
    assert COMMITTED.read_text(encoding="utf-8") == written(document())


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    """The JSON Schema of AsyncAPI 3.0 by its authors; it comes with the packages of `web/`."""
    if not SPECIFICATION.is_file():
        missing = pytest.fail if os.environ.get("TWINGRID_TEST_ALL") == "1" else pytest.skip
        missing("web/node_modules lacks @asyncapi/specs: tools/pages.py build installs it")
    read: dict[str, Any] = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    return read


def test_the_document_is_one_of_asyncapi_3(specification: dict[str, Any]) -> None:
    """It holds by the schema of AsyncAPI's own authors."""
    jsonschema.Draft7Validator(specification).validate(document())


def test_the_specification_refuses_a_document_that_is_none(specification: dict[str, Any]) -> None:
    """The schema would see an action that there is not."""
    made = document()
    made["operations"]["send_ncmd"]["action"] = "shout"
    assert list(jsonschema.Draft7Validator(specification).iter_errors(made))


def test_every_reference_leads_somewhere() -> None:
    """No channel, message or schema is named that is not there."""
    made = document()
    for reference in _references(made):
        node: Any = made
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, reference
            node = node[part]


def test_every_topic_an_account_may_use_is_a_channel() -> None:
    """What gateway and host may publish at the broker is described, and nothing else but commands to devices is."""
    made = [one["address"] for one in document()["channels"].values()]
    spoken = {one for one in made if one.startswith("spBv1.0/")}
    node = NodeId("g", "n")
    filled = {
        name: name.format(group="g", node="+" if "/NCMD/" in name else "n", device="+", host="+") for name in spoken
    }
    host = {one.replace("/+/NCMD/", "/g/NCMD/") for one in host_account().publish if "DCMD" not in one}
    outward = {one for one in made if one.startswith(("homeassistant/", "twingrid/"))}
    spread = {
        one.format(component=component, home="+", object="+", host="+", facility="+")
        for one in outward
        for component in ("sensor", "binary_sensor")
    }
    assert spread == set(outward_account().publish)
    assert set(filled.values()) == host | {one.replace("/#", "/+") for one in gateway_account(node).publish}


@pytest.mark.parametrize("kind", [one for one in MessageType if one is not MessageType.DCMD])
def test_addresses_are_the_topics_of_the_code(kind: MessageType) -> None:
    """With its parameters filled in, an address is the topic that is published."""
    device = "d" if kind.value.startswith("D") else ""
    assert address(kind).format(group="g", node="n", device="d") == str(Topic(kind, NodeId("g", "n"), device))
    assert document()["channels"]["state"]["address"].format(host="h") == state("h")


def test_a_birth_has_no_metric_that_is_not_described() -> None:
    """Names and datatypes of a real NBIRTH are those of the document."""
    gateway: Any = SimpleNamespace(report=lambda: Report(version=0, sha256="a" * 64, state="running"))
    health = [BIRTH, *birth_metrics(gateway)]
    payload = spb.Payload.FromString(births.nbirth(bdseq=1, epoch=2, seq=0, now_ms=3, health=health))
    described = {(one.name, int(one.datatype)) for one in EXTENSIONS if MessageType.NBIRTH in one.kinds}
    assert {(one.name, one.datatype) for one in payload.metrics} <= described
    assert len(payload.metrics) >= 8


def _valid(name: str, value: Any) -> None:
    jsonschema.Draft7Validator(mqtt_schemas()[name]).validate(value)


def test_what_is_encoded_holds_by_its_schema() -> None:
    """Push, report, call and answer as the code writes them are what the schemas say."""
    sha = "a" * 64
    push = encode_push(Push(version=3, issued_ms=4, text="buses: []", sha256=sha))
    _valid("configuration_head", json.loads(push.partition(b"\n")[0]))
    finding = {
        "code": "TG-1",
        "line": 1,
        "column": 2,
        "what": {"zh": "错", "en": "wrong"},
        "fix": {"zh": "改", "en": "mend"},
    }
    answer = Answer(version=3, issued_ms=4, outcome=Outcome.REFUSED, reason={"zh": "因"}, findings=(finding,))
    _valid("configuration_report", json.loads(encode_report(Report(version=0, sha256=sha, state="rolled-back"))))
    _valid(
        "configuration_report", json.loads(encode_report(Report(version=1, sha256=sha, state="trial", answer=answer)))
    )
    _valid("test_alarm_call", json.loads(encode_call(DrillCall(id="12345678", metric="a/b", age_s=1.25))))
    person = Recipient(zh="林", en="Lin", task="handle", grid="property", confirmed_ms=None)
    drill = DrillAnswer(id="12345678", outcome=DrillOutcome.OPEN, case="C-1", opened_ms=1, recipients=(person,))
    _valid("test_alarm_answer", json.loads(encode_answer(drill)))
    _valid("test_alarm_answer", json.loads(encode_answer(DrillAnswer(id="12345678", outcome=DrillOutcome.TOO_OLD))))


@pytest.mark.parametrize("yes_or_no", [False, True])
@pytest.mark.parametrize("link", ["", "https://grid.example/facilities/7"])
def test_what_home_assistant_is_shown_holds_by_its_schema(yes_or_no: bool, link: str) -> None:
    """Configurations and values of both kinds of sensors, on topics that are addresses of the document."""
    point = ShownPoint(
        number=1,
        facility_number=7,
        facility="f",
        facility_name="泵站",
        community="社区",
        class_name="泵",
        key="power",
        name="功率",
        unit="kW",
        kind=PointKind.STATE if yes_or_no else PointKind.GAUGE,
        yes_or_no=yes_or_no,
        stale_after_ms=1000,
        link=link,
    )
    made = document()["channels"]
    filled = {"component": "binary_sensor" if yes_or_no else "sensor", "home": "h_f", "object": "power_1"}
    assert made["home_assistant_config"]["address"].format(**filled) == config_topic("h", point)
    assert made["home_assistant_state"]["address"].format(host="h", facility="f", object="power_1") == state_topic(
        "h", point
    )
    assert made["home_assistant_availability"]["address"].format(host="h") == availability_topic("h")
    _valid("home_assistant_config", json.loads(configuration("h", point, "1")))
    for quality, stale in ((0, False), (64 + 32, False), (0, True)):
        one = Value(time_ms=1, value=1.0, quality=quality)
        _valid("home_assistant_state", json.loads(state_of(point, one, stale=stale)))


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [one for value in node.values() for one in _references(value)]
    return [one for value in node for one in _references(value)] if isinstance(node, list) else []
