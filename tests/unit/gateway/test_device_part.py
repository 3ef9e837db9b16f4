"""The device part of a configuration: what may travel, and when two are the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.configuration import MAX_TEXT_BYTES
from core.errors import Invalid
from gateway.device_part import check_part, content_sha256, device_part

PART = "buses:\n  - {id: one, host: h, units: [{unit: 1, profile: p, points: {token: a/b}}]}\n"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(alphabet="aäé字:#-'\" ", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc1", min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)


def codes(text: str) -> list[tuple[str, int]]:
    with pytest.raises(Invalid) as caught:
        check_part(text)
    return [(one.code, one.line) for one in caught.value.findings]


def test_the_device_part_may_travel() -> None:
    """Buses, adapters without a broker, profiles; also a register that is called token."""
    check_part(PART + "adapters: [{id: m, sources: []}]\nprofiles: {x: {}}\n")
    check_part("")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("group: g\nbroker: {host: h}\n" + PART, [("TG-0320", 1), ("TG-0320", 2)]),
        ("spool: {path: /tmp/x}\n", [("TG-0320", 1)]),
        ("adapters:\n  - id: m\n    broker: {host: h}\n", [("TG-0321", 3)]),
        ("buses:\n  - id: b\n    password: x\n    api_key: y\n", [("TG-0322", 3), ("TG-0322", 4)]),
        ("buses:\n  - id: mqtt://u:p@h\n", [("TG-0322", 2)]),
        ("buses: [&a {id: b}, *a]\n", [("TG-0324", 0)]),
        ("buses: " + "[" * 40 + "]" * 40, [("TG-0324", 0)]),
        ("buses: [", [("TG-0100", 1)]),
        ("- buses\n", [("TG-0320", 1)]),
        ("#" * (MAX_TEXT_BYTES + 1), [("TG-0323", 0)]),
    ],
)
def test_what_may_not_travel_is_named_with_its_line(text: str, found: list[tuple[str, int]]) -> None:
    """Identity, brokers, secrets, and texts that are larger than they look."""
    assert codes(text) == found


def test_a_deep_text_costs_no_stack() -> None:
    """A hostile text is refused, not crashed on."""
    assert codes("buses: " + "[" * 20_000) in ([("TG-0324", 0)], [("TG-0100", 1)])


def shuffled(value: Any, source: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        source.shuffle(keys)
        return {key: shuffled(value[key], source) for key in keys}
    return [shuffled(item, source) for item in value] if isinstance(value, list) else value


@given(value=st.dictionaries(st.text(alphabet="abc", min_size=1), VALUES, max_size=4), seed=st.integers(0, 99))
def test_the_same_said_otherwise_is_the_same(value: dict[str, Any], seed: int) -> None:
    """Order of keys, flow or block style, width and comments do not count."""
    block = "# why\n" + yaml.safe_dump(value, allow_unicode=True, default_flow_style=False)
    flow = yaml.safe_dump(shuffled(value, random.Random(seed)), default_flow_style=True, width=20, sort_keys=False)
    assert content_sha256(block) == content_sha256(flow)


@given(value=VALUES, other=VALUES)
def test_what_says_something_else_has_another_hash(value: Any, other: Any) -> None:
    """Any change of content is a change."""
    one, two = (content_sha256(yaml.safe_dump({"buses": item})) for item in (value, other))
    same = yaml.safe_dump(_named(value)) == yaml.safe_dump(_named(other))
    assert (one == two) == same


def _named(value: Any) -> Any:
    """Keys as texts: to the gateway, 1 and "1" are one key."""
    if isinstance(value, dict):
        return {str(key): _named(item) for key, item in sorted(value.items(), key=lambda pair: str(pair[0]))}
    return [_named(item) for item in value] if isinstance(value, list) else value


def test_the_own_file_is_shown_without_what_is_its_own() -> None:
    """Only what is known to hold no secret is kept, comments are not, and anchors are written out."""
    text = (
        "group: g\nbroker: {password: CANARY}  # CANARY\nbuses: &b [{id: one}]\n"
        "adapters: [{id: m, broker: {password: CANARY}, sources: [], note: CANARY}]\nother: *b\n"
    )
    shown = device_part(text)
    assert "CANARY" not in shown
    assert yaml.safe_load(shown) == {"buses": [{"id": "one"}], "adapters": [{"id": "m", "sources": []}]}
    check_part(shown)
