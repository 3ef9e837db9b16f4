"""The files for Grafana: every query is one of our subset, over metrics that the class book has, and is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.prometheus.grammar import parse, parse_selector
from api.prometheus.series import LABELS, metric_name
from api.prometheus.tree import selectors
from registry.classbook import load_classes
from tests.unit.api.world import NOW_MS, World

GRAFANA = Path(__file__).parents[3] / "docs" / "grafana"
BOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
VARIABLES = {"$__interval": "1m", "$__rate_interval": "1m", "$community": "c1|c2", "$facility": ".+"}


def known_metrics() -> dict[str, list[str]]:
    """Metrics of the class book that ships, with the classes that have them."""
    found: dict[str, list[str]] = {}
    for name, entry in load_classes().items():
        for key in entry.facility_class.measurements:
            found.setdefault(metric_name(name, key), []).append(name)
    return found


def filled(text: str) -> str:
    """A query with Grafana's variables filled in."""
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    assert "$" not in text
    return text


def queries() -> Iterator[tuple[str, str]]:
    """Every query of every panel, by board."""
    for board in BOARDS:
        for panel in json.loads(board.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                yield board.name, target["expr"]


def test_there_are_two_boards() -> None:
    """With names in both languages, an id each, and panels that do not share a number."""
    boards: list[Any] = [json.loads(board.read_text("utf-8")) for board in BOARDS]
    assert len(boards) == 2
    for board in boards:
        assert re.search("[一-鿿].*[A-Za-z]", board["title"])
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(numbers) == len(set(numbers)) >= 6
    assert len({board["uid"] for board in boards}) == 2


@pytest.mark.parametrize(("board", "query"), list(queries()))
def test_every_query_is_answered(board: str, query: str, world: World) -> None:
    """It is read, names metrics and labels there are, and has an answer over a day."""
    tree = parse(filled(query))
    known = known_metrics()
    for selector in selectors(tree):
        for matcher in selector.matchers:
            assert matcher.label in LABELS, board
            assert matcher.label != "__name__" or matcher.value in known, board
    span = {"query": filled(query), "start": NOW_MS // 1000 - 86_400, "end": NOW_MS // 1000, "step": 60}
    with world.client("manager1") as client:
        answer = client.post("/prometheus/api/v1/query_range", data=span)
    assert answer.json()["status"] == "success", answer.text


def test_every_variable_is_one_that_is_answered() -> None:
    """``label_values`` of a label there is, of a selector that is read."""
    for board in BOARDS:
        for one in json.loads(board.read_text("utf-8"))["templating"]["list"]:
            asked = re.fullmatch(r"label_values\((?:(?P<of>\{.*\}), )?(?P<label>\w+)\)", one["query"]["query"])
            assert asked is not None
            assert asked["label"] in LABELS
            if asked["of"] is not None:
                parse_selector(filled(asked["of"]))


def test_no_metric_means_two_things() -> None:
    """Class and measurement joined are one metric each, so a metric has one unit."""
    assert {name: classes for name, classes in known_metrics().items() if len(classes) > 1} == {}


def test_the_data_source_asks_as_our_subset_is_asked() -> None:
    """Through Grafana's server, with the token in a header, under the prefix."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/twingrid.yaml").read_text("utf-8"))["datasources"]
    assert source["url"].endswith("/prometheus")
    assert source["secureJsonData"]["httpHeaderValue1"].startswith("Bearer ")
    assert {json.loads(b.read_text("utf-8"))["panels"][0]["datasource"]["uid"] for b in BOARDS} == {source["uid"]}
