"""Documents of facilities over HTTP and the real dispatch: who adds and removes, who reads, and how they are served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from core.people import Role
from core.ports.documents import MOST_DOCUMENT_BYTES
from tests.integration.api.test_intakes import V1
from tests.integration.api.test_with_real_rooms import Town, open_town
from tests.unit.dispatch.test_documents import pdf, webp
from tests.unit.dispatch.test_photos import SECRET

HOSTILE = '<img src=x onerror=alert(1)>"; filename="evil.html'


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The small city with logins for its people."""
    with open_town(tmp_path) as made:
        yield made


def documents_of(town: Town, code: str = "aa-sp-01", name: str = "") -> str:
    """Where the documents of a facility are."""
    return f"{V1}/facilities/{town.hall.city.facility(code)}/documents{f'?name={quote(name)}' if name else ''}"


def test_a_manager_adds_what_workers_read_and_takes_it_away(town: Town) -> None:
    """By permission; who did what and why is seen by all who see the facility."""
    with town.browser("mgr-a") as client:
        added = client.post(documents_of(town, name="说明书"), content=pdf())
        assert added.status_code == 201, added.text
        one = added.json()
        assert (one["name"], one["media_type"], one["size"]) == ("说明书", "application/pdf", len(pdf()))
        assert client.post(documents_of(town, name="again"), content=pdf()).json() == one, "an answer that got lost"
    path = f"{documents_of(town)}/{one['id']}"
    with town.browser("aa-m1") as client:
        assert client.get(documents_of(town)).json()["items"] == [one]
        assert client.get(path).content == pdf()
        assert client.post(documents_of(town, name="mine"), content=pdf(b"2")).status_code == 403
        assert client.post(f"{path}/removal", json={"reason": "no"}).status_code == 403
    with town.browser("mgr-a") as client:
        assert client.post(f"{path}/removal", json={"reason": "  "}).status_code == 422
        gone = client.post(f"{path}/removal", json={"reason": "of another pump"}).json()
        assert gone["removed"]["reason"] == "of another pump"
        assert gone["removed"]["by"]["zh"]
        assert client.get(path).status_code == 404
        shown = client.get(documents_of(town)).json()
        assert (shown["items"], shown["removed"]) == ([], [gone])


def test_a_document_is_a_download_whatever_it_is_called(town: Town) -> None:
    """No name reaches a header as it was written, nothing of it runs or is guessed at, and nobody keeps it."""
    with town.browser("mgr-a") as client:
        one = client.post(documents_of(town, name=HOSTILE), content=pdf(b"<script>alert(1)</script>")).json()
        assert one["name"] == HOSTILE
        answer = client.get(f"{documents_of(town)}/{one['id']}")
        picture = client.post(documents_of(town, name="板.WEBP"), content=webp()).json()
        shown = client.get(f"{documents_of(town)}/{picture['id']}")
    headers = answer.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cache-control"] == "private, no-store"
    plain, _, coded = headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain == f'attachment; filename="document-{one["id"]}.pdf"'
    name = unquote(coded)
    assert name.endswith(".pdf")
    assert not set('\\/:*?"<>|') & set(name)
    assert SECRET not in shown.content
    assert shown.headers["content-disposition"].endswith(quote("板.WEBP"))


@pytest.mark.parametrize(
    ("name", "data", "status", "words"),
    [
        ("page", b"<html></html>", 422, "不是 PDF"),
        ("program", b"MZ" + bytes(100), 422, "不是 PDF"),
        ("a\u202eb", pdf(), 422, "可见字符"),
        ("large", bytes(MOST_DOCUMENT_BYTES + 1), 413, ""),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_reason(
    town: Town, name: str, data: bytes, status: int, words: str
) -> None:
    """And nothing is kept."""
    with town.browser("mgr-a") as client:
        answer = client.post(documents_of(town, name=name), content=data)
        assert answer.status_code == status, answer.text
        assert words in answer.text
        assert client.get(documents_of(town)).json()["items"] == []


def test_documents_of_another_community_do_not_exist(town: Town) -> None:
    """Neither to look at nor to add to, nor by the number of a facility that is in sight."""
    with town.browser("mgr-a") as client:
        one = client.post(documents_of(town, name="manual"), content=pdf()).json()
        assert client.post(documents_of(town, "bb-sp-01", "manual"), content=pdf()).status_code == 404
        assert client.get(documents_of(town, "bb-sp-01")).status_code == 404
        assert client.get(f"{documents_of(town, 'aa-sp-02')}/{one['id']}").status_code == 404
        wrong = client.post(f"{documents_of(town, 'aa-sp-02')}/{one['id']}/removal", json={"reason": "x"})
        assert wrong.status_code == 404


def test_a_technician_adds_what_was_written_down_on_site(town: Town) -> None:
    """The as-built record of a gateway is a document too."""
    town.give_login("aa-m3", Role.TECHNICIAN)
    with town.browser("aa-m3") as client:
        assert client.post(documents_of(town, name="as-built record"), content=pdf()).status_code == 201
