"""Signs with QR codes: where they lead, how many there are on a sheet, and who may print them."""

from __future__ import annotations

import re

from api.label_paper import address, labels
from tests.unit.api.world import World


def sheets(made: bytes) -> int:
    """Pages of a PDF."""
    return len(re.findall(rb"/Type\s*/Page\b", made))


def test_a_sign_leads_to_the_page_for_residents() -> None:
    """The code is escaped, the host taken as it is."""
    assert address("https://grid.example.org/", "wtl-sp-01") == "https://grid.example.org/e/facility/wtl-sp-01"
    assert address("http://10.0.0.5:8080", "泵/1") == "http://10.0.0.5:8080/e/facility/%E6%B3%B5%2F1"


def test_ten_signs_fill_a_sheet(world: World) -> None:
    """The eleventh begins another one; the same signs are the same file."""
    one = world.registry.facility(10)
    assert one is not None
    many = [one.facility] * 11
    assert sheets(labels("http://localhost", many[:10], "zh")) == 1
    assert sheets(labels("http://localhost", many, "en")) == 2
    assert labels("http://localhost", many, "zh") == labels("http://localhost", many, "zh")


def test_a_manager_prints_the_signs_of_a_community(world: World) -> None:
    """All of them or that of one facility; beyond the last part there is nothing."""
    with world.client("manager1") as client:
        made = client.get("/api/v1/communities/1/labels.pdf?language=en")
        assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf")
        assert made.content.startswith(b"%PDF")
        assert client.get("/api/v1/communities/1/labels.pdf?facility=10").status_code == 200
        for missing in ("1/labels.pdf?facility=20", "1/labels.pdf?part=2", "2/labels.pdf"):
            assert client.get(f"/api/v1/communities/{missing}").status_code == 404
    with world.client("grid_worker1") as client:
        assert client.get("/api/v1/communities/1/labels.pdf").status_code == 403
