"""Built pages are served beside the API, never in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.pages import Pages
from tests.unit.api.world import World


@pytest.fixture
def client(world: World, tmp_path: Path) -> Iterator[TestClient]:
    """A browser on an application with pages."""
    root = tmp_path / "dist"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><head><title>Twingrid</title></head>")
    (root / "resident.html").write_text("<!doctype html><title>Residents</title>")
    (root / "favicon.svg").write_text("<svg/>")
    (root / "manifest.zh.webmanifest").write_text("{}")
    (root / "worker.js").write_text("keep()")
    (root / "worker-off.js").write_text("clear()")
    (root / "assets" / "index-B4x9Qz12.js").write_text("let a = 1;" * 500)
    (root / "assets" / "plain.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    world.settings = replace(world.settings, web_root=root)
    with world.client() as browser:
        yield browser


@pytest.mark.parametrize("path", ["/", "/facilities/17", "/tasks", "/login?next=/tasks", "/apiary"])
def test_addresses_of_the_pages_get_the_one_page(path: str, client: TestClient) -> None:
    """The page finds its way by the address; it is asked for afresh every time."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert "<title>Twingrid" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/e/facility/wtl-sp-01", "/e/facility/wtl.sp.01", "/e/report/17", "/e/"])
def test_the_qr_of_a_facility_opens_the_page_for_residents(path: str, client: TestClient) -> None:
    """Whatever the code looks like, a dot in it included; it is asked for afresh every time."""
    answer = client.get(path)
    assert (answer.status_code, "<title>Residents" in answer.text) == (200, True)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/api", "/api/v2/x", "/api/v1/nope", "/API/v1/x", "/-/nope", "/metrics/x", "http://localhost//api/v1/x"]
)
def test_addresses_of_the_api_never_get_a_page(path: str, client: TestClient) -> None:
    """An unknown address of the API is a problem, whatever its spelling."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_phones_install_has_its_types_and_is_asked_for_afresh(client: TestClient) -> None:
    """Manifest and worker: a browser that gets another type takes neither, and an old worker would stay."""
    for path, kind in (
        ("/manifest.zh.webmanifest", "application/manifest+json"),
        ("/worker.js", "text/javascript; charset=utf-8"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "no-cache"
        for part in ("worker-src 'self'", "manifest-src 'self'"):
            assert part in answer.headers["content-security-policy"]
    assert client.get("/worker.js").text == "keep()"
    assert "kept-on-phones" not in client.get("/tasks").text


def test_where_phones_must_keep_nothing_the_worker_clears_and_the_frame_says_so(
    world: World, client: TestClient
) -> None:
    """The setting changes the worker under its own address, since that is where phones look for a newer one."""
    assert client.get("/").status_code == 200
    world.settings = replace(world.settings, kept_on_phones=False)
    with world.client() as browser:
        assert browser.get("/worker.js").text == "clear()"
        assert browser.get("/worker.js").headers["cache-control"] == "no-cache"
        for path in ("/", "/tasks", "/index.html"):
            answer = browser.get(path)
            assert '<head><meta name="kept-on-phones" content="no" />' in answer.text
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["content-type"].startswith("text/html")
            assert "<title>Twingrid" in answer.text
        assert browser.head("/").text == ""
        assert "<title>Residents" in browser.get("/e/facility/x").text


def test_hashed_assets_are_kept_for_ever(client: TestClient) -> None:
    """A name with a hash may be cached; others are asked for again; a missing script is no page."""
    hashed = client.get("/assets/index-B4x9Qz12.js")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["content-encoding"] == "gzip"
    assert hashed.headers["content-type"].startswith("text/javascript")
    assert client.get("/assets/plain.js").headers["cache-control"] == "no-cache"
    assert client.get("/favicon.svg").headers["cache-control"] == "no-cache"
    missing = client.get("/assets/index-OLD00000.js")
    assert (missing.status_code, missing.json()["code"]) == (404, "TG-4040")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link.txt",
        "/%00.js",
        "/" + "a" * 300 + ".js",
    ],
)
def test_nothing_outside_the_folder_is_served(path: str, client: TestClient) -> None:
    """Dots, encoded dots and links out of the folder lead nowhere."""
    answer = client.get(path)
    assert "secret" not in answer.text.replace(path, "").replace("secret.txt", "")
    assert answer.status_code in (200, 404)
    assert answer.status_code == 404 or "<title>" in answer.text


def test_pages_take_no_other_methods(client: TestClient) -> None:
    """Posting to a page is refused as a problem."""
    answer = client.post("/tasks", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "TG-4050")


def test_a_folder_without_pages_is_refused_at_start(tmp_path: Path) -> None:
    """The error says what to do."""
    with pytest.raises(RuntimeError, match="build the pages first"):
        Pages(tmp_path)
