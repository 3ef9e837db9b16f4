"""A product is known by what it says and by registers with known values."""

from __future__ import annotations

import pytest

from gateway.identification import decoder, objects_fit, signature_fits
from gateway.profile import Identification
from gateway.profile_file import shipped

PROFILES = shipped()


def test_objects_of_function_43() -> None:
    """All that came must match; what did not come says nothing."""
    schneider = PROFILES["schneider-iem3000"].identify
    assert objects_fit(schneider, {0: "Schneider Electric", 1: "METSEIEM3155"}) is False
    assert objects_fit(schneider, {0: "Schneider Electric", 1: "A9MEM3155"}) is True
    assert objects_fit(schneider, {0: "Schneider Electric\0\0"}) is True
    assert objects_fit(schneider, {0: "Somebody else", 1: "A9MEM3155"}) is False
    assert objects_fit(schneider, {0: "Schneider Electric", 1: "METSEPM3255"}) is False
    assert objects_fit(schneider, {2: "1.5"}) is None
    assert objects_fit(Identification(), {0: "Schneider Electric"}) is None


@pytest.mark.parametrize(
    ("key", "number", "words", "fits"),
    [
        ("invt-gd200a", 0, "010C", True),
        ("invt-gd200a", 0, "010D", False),
        ("sunspec-203", 0, "5375 6E53", True),
        ("sunspec-203", 0, "0000 0000", False),
        ("sunspec-203", 0, "5375 6E54", False),
        ("sunspec-203", 1, "00CB", True),
        ("sunspec-203", 1, "00D5", False),
        ("sunspec-213", 1, "00D5", True),
        ("eastron-sdm120", 0, "4366 8000", True),
        ("eastron-sdm120", 0, "8000 4366", False),
        ("eastron-sdm120", 1, "7FC0 0000", False),
    ],
)
def test_signature_registers(key: str, number: int, words: str, fits: bool) -> None:
    """An expected value, a range or a pattern; a value out of range or not a number never fits."""
    signature = PROFILES[key].identify.signatures[number]
    assert signature_fits(signature, decoder(signature).decode(bytes.fromhex(words))) is fits
