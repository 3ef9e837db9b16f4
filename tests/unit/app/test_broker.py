"""Broker configuration: subjects, accounts, secrets."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from app.broker import BrokerPlan, mosquitto_files, nats_configuration, nats_program, prepare, subject, subjects
from app.broker_accounts import (
    DEVICES_USER,
    HOST_USER,
    devices_account,
    gateway_account,
    gateway_user,
    host_account,
    passwords,
)
from core.errors import Refused
from core.sparkplug.topics import NodeId

NODE = NodeId("g1", "gw.a")


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("spBv1.0/g/NBIRTH/n", "spBv1//0.g.NBIRTH.n"),
        ("spBv1.0/+/NCMD/a.b", "spBv1//0.*.NCMD.a//b"),
        ("a/#", "a.>"),
        ("#", ">"),
    ],
)
def test_topics_become_subjects(topic: str, expected: str) -> None:
    """Slash, dot, plus and hash have each their sign in NATS."""
    assert subject(topic) == expected


@pytest.mark.parametrize("topic", ["a b/c", "a//b", "a/*", "a/>", "a\0"])
def test_what_nats_cannot_carry_is_refused(topic: str) -> None:
    """A topic that would change its meaning as a subject is refused, not bent."""
    with pytest.raises(Refused):
        subject(topic)


def test_a_hash_includes_its_parent() -> None:
    """MQTT's `a/#` also matches `a`."""
    assert subjects(["spBv1.0/#"]) == ["spBv1//0.>", "spBv1//0"]


def _plan(tmp_path: Path, kind: str) -> BrokerPlan:
    accounts = (host_account(), gateway_account(NODE, ["site/+/state"]), devices_account(["site/+/state"]))
    secret = passwords(tmp_path / "secrets" / "broker.json", [account.user for account in accounts])
    return BrokerPlan(
        kind=kind, host="127.0.0.1", port=1883, folder=tmp_path / "broker", accounts=accounts, passwords=secret
    )


def _permissions(tmp_path: Path, user: str) -> Any:
    users = json.loads(nats_configuration(_plan(tmp_path, "nats")))["authorization"]["users"]
    return next(entry["permissions"] for entry in users if entry["user"] == user)


def test_a_gateway_may_write_its_own_topics_only(tmp_path: Path) -> None:
    """The account of a gateway has no wild card where its own id stands."""
    permissions = _permissions(tmp_path, gateway_user(NODE))
    assert sorted(permissions["publish"]["allow"]) == [
        "spBv1//0.g1.DBIRTH.gw//a.*",
        "spBv1//0.g1.DDATA.gw//a.*",
        "spBv1//0.g1.DDEATH.gw//a.*",
        "spBv1//0.g1.NBIRTH.gw//a",
        "spBv1//0.g1.NDATA.gw//a",
        "spBv1//0.g1.NDEATH.gw//a",
    ]
    assert "site.*.state" in permissions["subscribe"]["allow"]


def test_devices_read_nothing_and_the_host_sends_no_data(tmp_path: Path) -> None:
    """Devices publish only; the host may not pretend to be a gateway."""
    assert _permissions(tmp_path, DEVICES_USER)["subscribe"]["allow"] == ["$MQTT.sub.>"]
    assert not [s for s in _permissions(tmp_path, HOST_USER)["publish"]["allow"] if "DATA" in s or "BIRTH" in s]


@pytest.mark.parametrize("node", [NodeId("g 1", "n"), NodeId("g", "n*"), NodeId("g", ">")])
def test_a_dangerous_id_gets_no_account(node: NodeId) -> None:
    """An id that would mean something else in a topic filter gets no account."""
    with pytest.raises(Refused):
        gateway_account(node)


def test_passwords_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    """A second start finds the same passwords; new users get new ones; the file has mode 0600."""
    file = tmp_path / "secrets" / "broker.json"
    first = passwords(file, ["a", "b"])
    again = passwords(file, ["a", "c"])
    assert again["a"] == first["a"]
    assert len({again["a"], again["b"], again["c"]}) == 3
    assert all(len(word) >= 32 for word in again.values())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_password_file_says_what_to_do(tmp_path: Path) -> None:
    """Damage is not answered with new passwords behind everybody's back."""
    file = tmp_path / "broker.json"
    file.write_text("{")
    with pytest.raises(Refused, match="remove it"):
        passwords(file, ["a"])


def test_configuration_files_are_private(tmp_path: Path) -> None:
    """Files with passwords have mode 0600, and the command names the wheel's server."""
    command = prepare(_plan(tmp_path, "nats"))
    assert command[0] == str(nats_program())
    assert stat.S_IMODE((tmp_path / "broker" / "nats.conf").stat().st_mode) == 0o600


def test_mosquitto_gets_the_same_rights(tmp_path: Path) -> None:
    """The access list of Mosquitto says what NATS's permissions say."""
    files = mosquitto_files(_plan(tmp_path, "mosquitto"))
    assert f"user {gateway_user(NODE)}\ntopic write spBv1.0/g1/NBIRTH/gw.a\n" in files["access"]
    assert files["passwords"].count("$7$101$") == 3
    assert "allow_anonymous false" in files["mosquitto.conf"]


def test_an_account_without_a_password_is_refused(tmp_path: Path) -> None:
    """Nobody comes in without a password because one was forgotten."""
    plan = BrokerPlan(kind="nats", host="127.0.0.1", port=1, folder=tmp_path, accounts=(host_account(),), passwords={})
    with pytest.raises(Refused, match="no password"):
        prepare(plan)
