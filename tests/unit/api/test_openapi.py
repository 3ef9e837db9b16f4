"""The document says what is served."""

from __future__ import annotations

import json
import re

from api.application import routes
from api.documentation import COMMITTED, PROBLEMS_PAGE, as_text, document, problems_page
from api.policy import load


def test_committed_document_is_the_one_that_is_served() -> None:
    """`api/openapi.json` equals what the routes make (`python -m api.documentation` rewrites it)."""
    assert COMMITTED.read_text(encoding="utf-8") == as_text(document(routes(), load()))


def test_every_code_stands_in_the_documents() -> None:
    """`docs/problems.md` is the catalogue of errors as it is answered."""
    assert PROBLEMS_PAGE.read_text(encoding="utf-8") == problems_page()


def test_every_operation_says_how_it_fails() -> None:
    """Each operation has a stable id, a summary, a permission and the problem as its default answer."""
    made = json.loads(COMMITTED.read_text(encoding="utf-8"))
    operations = [one for path in made["paths"].values() for one in path.values()]
    assert operations
    for one in operations:
        assert one["operationId"]
        assert one["summary"]
        assert one["x-permission"]
        assert "application/problem+json" in one["responses"]["default"]["content"]
        assert "422" not in one["responses"]


def test_every_reference_of_the_document_leads_somewhere() -> None:
    """No schema is referred to that is not there."""
    made = json.loads(COMMITTED.read_text(encoding="utf-8"))
    schemas = made["components"]["schemas"]
    stack: list[object] = [made]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            assert reference is None or reference.rpartition("/")[2] in schemas
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def test_the_worker_of_the_pages_leaves_to_the_server_what_is_not_theirs() -> None:
    """The first word of each served path stands in `web/worker/decisions.ts`, or phones would show a page there."""
    text = (COMMITTED.parents[1] / "web" / "worker" / "decisions.ts").read_text(encoding="utf-8")
    found = re.search(r"NOT_OURS = /\^\\/\(\?:([^)]+)\)", text)
    assert found is not None
    served = {path.split("/")[1] for path in json.loads(COMMITTED.read_text(encoding="utf-8"))["paths"]}
    assert served <= set(found[1].split("|"))
