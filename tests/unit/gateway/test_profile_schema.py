"""The JSON Schema of profiles and the loader agree, but for what only the loader can know."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Finding, Invalid
from gateway import findings, profile_schema
from gateway.document import Document
from gateway.profile_file import parse, shipped

GATEWAY = Path(__file__).resolve().parents[3] / "gateway"
VALIDATOR = jsonschema.Draft202012Validator(profile_schema.schema())
FILES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (GATEWAY / "profiles").glob("*.yaml")}
JUNK: list[Any] = [True, "junk", "", -1, 70_000, 10**9, 3.5, [], {}, [1], ["x"], {"a": 1}, "40001"]


def as_json(node: Any) -> Any:
    """What an editor sees: the keys are texts."""
    if isinstance(node, dict):
        return {str(key): as_json(value) for key, value in node.items()}
    return [as_json(item) for item in node] if isinstance(node, list) else node


def accepted(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(as_json(document)))


def found_in(document: Any) -> tuple[Finding, ...]:
    try:
        parse(Document(yaml.safe_dump(document, allow_unicode=True), "p.yaml"), "p")
    except Invalid as error:
        return error.findings
    return ()


WRONG_FORM = (
    findings.UNKNOWN,
    findings.NOT_ONE_VALUE,
    findings.NOT_TEXT,
    findings.NOT_TEXTS,
    findings.NOT_A_NUMBER,
    findings.NOT_WHOLE,
    findings.NOT_WHOLE_NUMBERS,
    findings.NOT_A_FLAG,
    findings.NOT_A_TABLE,
    findings.NOT_A_LIST,
    findings.ITEM_NO_TABLE,
    findings.NOT_A_CHOICE,
    findings.OUT_OF_RANGE,
)


def structural(finding: Finding) -> bool:
    """A missing or unknown key or a value of the wrong kind; whether a type may be left out only the loader knows."""
    if finding.kind is findings.MISSING:
        return finding.values["key"] != "type"
    return finding.kind in WRONG_FORM


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(value, dict | list):
            yield from places(value)


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """A shipped profile with one to three things changed."""
    document: dict[str, Any] = copy.deepcopy(FILES[draw(st.sampled_from(sorted(FILES)))])
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(document))
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        match draw(st.sampled_from(["delete", "unknown", "replace"])):
            case "delete":
                del container[key]
            case "unknown" if isinstance(container, dict):
                container["zzz"] = copy.deepcopy(draw(st.sampled_from(JUNK)))
            case _:
                container[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    return document


@given(changed())
def test_schema_and_loader_agree(document: dict[str, Any]) -> None:
    """What loads passes the schema, and a wrong structure passes neither."""
    found = found_in(document)
    if not found:
        assert accepted(document)
    if any(structural(finding) for finding in found):
        assert not accepted(document), "\n".join(map(str, found))


@pytest.mark.parametrize("key", sorted(FILES))
def test_every_shipped_profile_passes_the_schema(key: str) -> None:
    """An editor marks nothing in what we ship."""
    assert [error.message for error in VALIDATOR.iter_errors(as_json(FILES[key]))] == []


def test_the_stored_schema_is_the_made_one() -> None:
    """``gateway/profile.schema.json`` is up to date (``twingrid profile schema`` prints it), and is a schema."""
    stored = (GATEWAY / "profile.schema.json").read_text(encoding="utf-8")
    assert stored == profile_schema.text()
    jsonschema.Draft202012Validator.check_schema(json.loads(stored))


def test_every_shipped_profile_names_its_schema() -> None:
    """The first line tells an editor where the schema is."""
    for key in shipped():
        first = (GATEWAY / "profiles" / f"{key}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../profile.schema.json", key
