"""Every shipped profile against words that no encoder of ours made (tests/golden/profiles)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.quality import GOOD, QualityClass, Reason, quality
from gateway.decode import BlockDecoder, Decoded
from gateway.profile import DataType, Profile, Register
from gateway.profile_file import shipped
from tools.libmodbus_vectors import laid_out, library

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "profiles"
PROFILES = shipped()


def vectors() -> Iterator[tuple[str, int, dict[str, Any]]]:
    for path in sorted(GOLDEN.glob("*.yaml")):
        for number, vector in enumerate(yaml.safe_load(path.read_text(encoding="utf-8"))):
            yield path.stem, number, vector


def response(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector.get("words") or vector["data"])


def decode(profile: Profile, names: list[str], data: bytes) -> Decoded:
    """Decode what stands at the addresses of these registers, from the lowest to the highest."""
    registers = [profile.registers[name] for name in names]
    exponents = [profile.registers.get(register.exponent_from) for register in registers]
    spans = [*registers, *(exponent for exponent in exponents if exponent is not None)]
    assert len({register.function for register in registers}) == 1
    start, stop = min(span.address for span in spans), max(span.stop for span in spans)
    return BlockDecoder(start, stop - start, registers, exponents).decode(data)


def tolerance(register: Register) -> float:
    """Relative: a 32-bit float has seven digits, everything else is exact to the last bit of a double."""
    return 1e-6 if register.type is DataType.F32 else 1e-15


@pytest.mark.parametrize(
    ("key", "vector"), [pytest.param(key, vector, id=f"{key}-{number}") for key, number, vector in vectors()]
)
def test_golden_words_are_read_as_the_product_shows_them(key: str, vector: dict[str, Any]) -> None:
    """Value, quality and text are those beside the words."""
    names = [str(name) for name in vector["expect"]]
    decoded = decode(PROFILES[key], names, response(vector))
    qualities = {
        name: quality(QualityClass.BAD, Reason[word.upper()]) for name, word in vector.get("quality", {}).items()
    }
    texts = vector.get("text", {})
    for row, name in enumerate(names):
        expected = vector["expect"][name]
        wanted = (
            pytest.approx(expected, rel=tolerance(PROFILES[key].registers[name]), abs=0)
            if expected is not None
            else pytest.approx(float("nan"), nan_ok=True)
        )
        assert decoded.value[row] == wanted, name
        assert decoded.quality[row] == qualities.get(name, GOOD), name
        assert decoded.text.get(row) == texts.get(name), name


def test_every_profile_has_golden_words() -> None:
    """No profile ships without a vector, and none is left from a profile that is gone."""
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == PROFILES.keys()


def test_every_vector_says_where_it_comes_from() -> None:
    """Words without ``put`` name a document or a wire sample; the others are laid out by libmodbus."""
    for key, _, vector in vectors():
        assert vector["origin"], key
        assert ("put" in vector) == ("laid out by libmodbus" in vector["origin"]), (key, vector["origin"])


def test_libmodbus_lays_the_words_out_the_same_way() -> None:
    """Wherever libmodbus is installed, the stored words are compared with it again."""
    try:
        modbus = library()
    except OSError:
        if os.environ.get("TWINGRID_TEST_ALL") == "1":
            pytest.fail("libmodbus5 is not installed, and TWINGRID_TEST_ALL=1 allows no skipping")
        pytest.skip("libmodbus5 is not installed")
    compared = 0
    for key, _, vector in vectors():
        if "put" in vector:
            line, value = laid_out(modbus, vector["put"])
            assert vector[line] == value, key
            compared += 1
    assert compared >= 100
