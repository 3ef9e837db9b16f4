"""The record on paper: whatever is in the record can be set, in both languages, and the labels lead somewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway import site_paper

POINT: dict[str, Any] = {
    "metric": "wtl-pm-01/voltage_l1",
    "function": 4,
    "address": 0,
    "type": "f32",
    "order": "CDAB",
    "factor": 0.1,
    "offset": 0.0,
    "unit": "V",
    "proof": None,
}
PROOF: dict[str, Any] = {
    "shown": 230.5,
    "resolution": 0.1,
    "tolerance": 0.5,
    "where": "display",
    "by": "李伟",
    "time_ms": 1,
    "read": None,
    "error": None,
    "verdict": "not-read",
}


def envelope(units: int = 1, frames: int = 8) -> dict[str, Any]:
    unit = {
        "unit": 7,
        "setting": "9600 8N1",
        "profile": "eastron-sdm630",
        "profile_sha256": "ab" * 32,
        "identity": {"0": "Eastron <&>", "1": ""},
        "signature": {},
        "differences": ["base+1", "CDAB"],
        "product": {"zh": "东鸿 Eastron SDM630", "en": "Eastron SDM630"},
        "points": [POINT, POINT | {"proof": PROOF, "label": {"zh": "A 相电压", "en": "voltage L1"}}],
        "timing": {"polls": 60, "errors": 1, "p50_ms": 41.2, "p99_ms": None, "seconds": 60.0},
        "frames": [{"sent": "0704", "received": "", "time_ms": 1}] * frames,
        "placement": {
            "facility": "wtl-pm-01",
            "class": "电能表",
            "governance_cell": "",
            "construction_cell": "",
            "note": "左侧·柜门",
        },
        "photos": {"7-ab.jpg": "cd" * 32},
    }
    record = {
        "gateway": "wtl/gw-1",
        "bus": "plant",
        "transport": "/dev/ttyS1",
        "by": "李伟",
        "time_ms": 1,
        "version": "",
    }
    return {
        "record": record | {"units": [unit] * units},
        "sha256": "ef" * 32,
        "algorithm": "Ed25519",
        "signature": "QUJD" * 20,
    }


def pages(data: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", data))


@pytest.mark.parametrize("language", site_paper.LANGUAGES)
def test_a_record_of_any_length_becomes_pages(language: str) -> None:
    """One unit is a page, 32 are many; nothing said by a device can break the markup."""
    one, many = (site_paper.record_pdf(envelope(units), language) for units in (1, 32))
    assert one.startswith(b"%PDF-")
    assert pages(one) == 1
    assert 8 <= pages(many) <= 20
    assert b"STSong-Light" in many


def test_the_same_record_is_the_same_paper() -> None:
    """Made twice, byte by byte: no clock and no number drawn gets into it."""
    assert site_paper.record_pdf(envelope(), "zh") == site_paper.record_pdf(envelope(), "zh")


def test_labels_fill_sheets_of_twenty_four() -> None:
    """25 labels are two pages; a long name is made to fit."""
    labels = [(f"wtl-sp-{number:02d}-{'x' * number * 3}", "从站 7") for number in range(25)]
    assert pages(site_paper.labels_pdf("grid.example.org", labels)) == 2


@pytest.mark.parametrize(
    ("host", "facility", "expected"),
    [
        ("grid.example.org", "wtl-sp-01", "https://grid.example.org/e/facility/wtl-sp-01"),
        ("http://10.0.0.1:8080/", "水泵-1", "http://10.0.0.1:8080/e/facility/%E6%B0%B4%E6%B3%B5-1"),
    ],
)
def test_a_label_leads_to_its_facility(host: str, facility: str, expected: str) -> None:
    """With https unless the host says otherwise, and every code can be in an address."""
    assert site_paper.address(host, facility) == expected


@pytest.mark.parametrize("language", site_paper.LANGUAGES)
def test_a_test_alarm_stands_on_the_paper(language: str) -> None:
    """With one the paper differs, whatever it lacks; names of people are text."""
    drill = {
        "stage": "confirmed",
        "case": "C-2026-000001",
        "answered_after_s": 0.2,
        "recipients": [{"zh": "李<b>", "en": "Li <b>", "confirmed_ms": 5}, {"zh": "", "en": "", "confirmed_ms": None}],
    }
    with_drill = envelope()
    with_drill["record"]["units"][0]["points"][0] = POINT | {"test_alarm": drill}
    assert len(site_paper.record_pdf(with_drill, language)) > len(site_paper.record_pdf(envelope(), language))
