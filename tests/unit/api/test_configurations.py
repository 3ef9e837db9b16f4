"""Configurations of gateways as pages see them."""

from __future__ import annotations

from dataclasses import replace

from core.ports.configurations import VersionState
from tests.unit.api.world import HOSTILE, NOW_MS, World

PATH = "/api/v1/gateways/1/configurations"


def test_versions_come_with_what_runs(world: World) -> None:
    """The newest first, without texts; names from outside stay text."""
    with world.client("technician1") as client:
        client.post(PATH, json={"text": "buses: []\n# more\n", "note": "new meter"})
        shown = client.get(PATH).json()
    assert [(one["version"], one["note"]) for one in shown["items"]] == [(2, "new meter"), (1, HOSTILE)]
    assert "text" not in shown["items"][0]
    assert shown["running"]["version"] == 0
    assert shown["items"][0]["created_by"] == "technician1"


def test_a_version_shows_how_it_differs_from_what_runs(world: World) -> None:
    """Line by line."""
    with world.client("administrator1") as client:
        shown = client.get(f"{PATH}/1").json()
    assert shown["text"] == "buses: []\n"
    assert shown["difference"][-2:] == ["-adapters: []", "+buses: []"]


def test_a_push_names_who_and_when(world: World) -> None:
    """And the state says that the gateway owes an answer."""
    with world.client("technician1") as client:
        shown = client.post(f"{PATH}/1/push").json()
    assert (shown["state"], shown["pushed_by"], shown["pushed_ms"]) == ("pushed", "technician1", NOW_MS)


def test_what_may_not_be_pushed_is_refused_with_its_reason(world: World) -> None:
    """As a problem with every finding."""
    with world.client("technician1") as client:
        answer = client.post(PATH, json={"text": "buses:\n  password: x"})
    assert answer.status_code == 422
    assert "密钥" in answer.json()["detail"]
    assert len(world.configurations.kept) == 2


def test_findings_of_the_gateway_come_with_their_lines(world: World) -> None:
    """In both languages."""
    found = {
        "code": "TG-0105",
        "line": 4,
        "column": 7,
        "what": {"zh": "缺", "en": "missing"},
        "fix": {"zh": "补", "en": "add"},
    }
    refused = replace(world.configurations.kept[1, 1], state=VersionState.REFUSED, findings=(found,))
    world.configurations.kept[1, 1] = refused
    with world.client("technician1") as client:
        shown = client.get(f"{PATH}/1").json()
    assert shown["findings"] == [found]


def test_unknown_versions_are_not_found(world: World) -> None:
    """Neither shown nor pushed."""
    with world.client("technician1") as client:
        assert client.get(f"{PATH}/9").status_code == 404
        assert client.post(f"{PATH}/9/push").status_code == 404
