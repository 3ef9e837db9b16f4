"""Scripts: what is understood, and every mistake reported at once with its line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_sim.faults import AnswerPlan, CutMode, FaultKind, Malformation
from firmware_sim.script import Script, ScriptError, ScriptTargets, read_script
from firmware_sim.signals.windows import Window

TARGETS = ScriptTargets(
    facilities={"a-sp-01": "sewage_pump", "a-dw-01": "drain_well", "a-wx-01": "weather", "b-dw-01": "drain_well"},
    communities={"a-sp-01": "a", "a-dw-01": "a", "a-wx-01": "a", "b-dw-01": "b"},
    devices={"a-sp-01-level": ["value", "decimals"], "a-lk-01-sensor": ["water_leak"]},
    mqtt_devices={"a-lk-01-sensor"},
    lines=["a-bus"],
)


def understood(tmp_path: Path, text: str, start_s: float = 1000.0) -> Script:
    path = tmp_path / "script.yaml"
    path.write_text(text, encoding="utf-8")
    return read_script(path, TARGETS, start_s=start_s, seed=1)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ScriptError) as caught:
        understood(tmp_path, text)
    return [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_a_script_is_relative_to_the_start(tmp_path: Path) -> None:
    """Windows count from the simulated start."""
    script = understood(tmp_path, "incidents:\n- {facility: a-sp-01, kind: pump_trip, start_s: 5, stop_s: 9}\n")
    (incident,) = script.incidents
    assert (incident.facility, incident.kind) == ("a-sp-01", "pump_trip")
    assert incident.when.active(1006.0) == Window(start_s=1005, stop_s=1009)


def test_a_community_incident_hits_every_facility_that_can_have_it(tmp_path: Path) -> None:
    """A storm over a community reaches its wells and its weather station, and nobody else's."""
    script = understood(tmp_path, "incidents:\n- {community: a, kind: storm, start_s: 5, magnitude: 2}\n")
    assert {i.facility for i in script.incidents} == {"a-dw-01", "a-wx-01"}
    window = script.incidents[0].when.active(1e9)
    assert window is not None
    assert window.magnitude == 2


def test_faults_are_understood(tmp_path: Path) -> None:
    """Each kind of fault reaches the plan with its parameters."""
    script = understood(
        tmp_path,
        """
faults:
- {kind: stuck, device: a-sp-01-level, register: value, start_s: 0}
- {kind: slow, device: a-sp-01-level, start_s: 0, delay_s: 1.5}
- {kind: malformed, device: a-sp-01-level, mode: split, start_s: 0}
- {kind: cut, line: a-bus, mode: reset, start_s: 0}
- {kind: dropout, device: a-lk-01-sensor, start_s: 0}
""",
    )
    assert script.faults.cut("a-bus", 1000) is CutMode.RESET
    assert script.faults.answer("a-sp-01-level", 1000) == AnswerPlan(delay_s=1.5, malformation=Malformation.SPLIT)
    assert script.faults.answer("a-lk-01-sensor", 1000).drop
    assert next(f.kind for f in script.faults.faults) is FaultKind.STUCK


def test_a_repeating_script(tmp_path: Path) -> None:
    """With `repeat_s` every window comes again."""
    text = "repeat_s: 60\nincidents:\n- {facility: a-sp-01, kind: pump_trip, start_s: 5, stop_s: 9}\n"
    (incident,) = understood(tmp_path, text).incidents
    assert incident.when.active(1000 + 3 * 60 + 6) is not None
    assert incident.when.active(1000 + 3 * 60 + 10) is None


def test_an_empty_script_is_a_script(tmp_path: Path) -> None:
    """Nothing may happen."""
    assert understood(tmp_path, "") == Script()
    assert understood(tmp_path, "incidents:\nfaults:\n") == Script()


TWENTY_MISTAKES = """\
incidents:
- {facility: a-sp-99, kind: pump_trip, start_s: 1}
- {facility: a-sp-01, kind: pump_tripp, start_s: 1}
- {facility: a-sp-01, kind: storm, start_s: 1}
- {facility: a-sp-01, kind: pump_trip, start_s: 1, stop_s: 1}
- {facility: a-sp-01, kind: pump_clogged}
- {kind: seal_leak, start_s: 1}
- {community: z, kind: storm, start_s: 1}
- {facility: a-sp-01, kind: seal_leak, start_s: one}
- {facility: a-dw-01, kind: storm, start_s: -1}
- {facility: b-dw-01, kind: storm, start_s: 1, strength: 3}
- [a, list]
faults:
- {kind: dropoff, device: a-sp-01-level, start_s: 1}
- {kind: dropout, device: nobody, start_s: 1}
- {kind: slow, device: a-sp-01-level, start_s: 1}
- {kind: slow, device: a-lk-01-sensor, start_s: 1, delay_s: 1}
- {kind: stuck, device: a-sp-01-level, register: colour, start_s: 1}
- {kind: spike, device: a-sp-01-level, start_s: 1, magnitude: 3, probability: 2}
- {kind: cut, line: b-bus, start_s: 1}
- {kind: malformed, device: a-sp-01-level, mode: upside_down, start_s: 1}
- {kind: exception, device: a-sp-01-level, code: 99, start_s: 1, start_s: 2}
weather: sunny
"""


def test_twenty_mistakes_are_twenty_lines(tmp_path: Path) -> None:
    """Each of the wrong lines is reported, all in one go, with what is wrong and what is allowed."""
    found = mistakes(tmp_path, TWENTY_MISTAKES)
    lines = {int(problem.split(":")[1]) for problem in found}
    assert lines == set(range(2, 13)) | set(range(14, 24))
    text = "\n".join(found)
    for expected in (
        "script.yaml:2: unknown facility 'a-sp-99'; known: a-dw-01",
        "script.yaml:3: unknown kind 'pump_tripp'; known: burst",
        "script.yaml:4: storm cannot happen to a-sp-01, a sewage_pump",
        "script.yaml:5: stop_s 1 must be after start_s 1",
        "script.yaml:6: start_s is missing",
        "script.yaml:7: facility is missing",
        "script.yaml:8: unknown community 'z'; known: a, b",
        "script.yaml:9: start_s must be a number from 0, not 'one'",
        "script.yaml:11: unknown key 'strength'; allowed here: community",
        "script.yaml:12: each entry must be a mapping",
        "script.yaml:16: delay_s is missing",
        "script.yaml:17: slow needs a Modbus device; a-lk-01-sensor publishes",
        "script.yaml:18: unknown register 'colour'; known: decimals, value",
        "script.yaml:19: probability must be a number from 0 to 1, not 2",
        "script.yaml:20: unknown line 'b-bus'; known: a-bus",
        "script.yaml:21: unknown mode 'upside_down'; known: junk_before",
        "script.yaml:22: code must be a number from 1 to 11, not 99",
        "script.yaml:22: start_s is given twice",
        "script.yaml:23: unknown key 'weather'; allowed here: faults, incidents, repeat_s",
    ):
        assert expected in text


def test_overlapping_windows_are_a_mistake(tmp_path: Path) -> None:
    """The same incident cannot happen twice at once at one facility."""
    text = """incidents:
- {facility: a-sp-01, kind: pump_trip, start_s: 5, stop_s: 50}
- {facility: a-sp-01, kind: pump_trip, start_s: 40, stop_s: 60}
"""
    assert mistakes(tmp_path, text) == ["script.yaml:3: pump_trip at a-sp-01 overlaps the one from 5 to 50 s"]


@pytest.mark.parametrize("repeat", ["0", "-5", "often"])
def test_a_wrong_repetition_is_a_mistake(tmp_path: Path, repeat: str) -> None:
    """The repetition must be a positive number, and windows must end before it."""
    assert "repeat_s must be a number above 0" in mistakes(tmp_path, f"repeat_s: {repeat}\n")[0]


def test_windows_must_end_before_the_repetition(tmp_path: Path) -> None:
    """A window without an end, or one that is too long, does not fit a repeating script."""
    text = "repeat_s: 60\nincidents:\n- {facility: a-sp-01, kind: pump_trip, start_s: 5}\n"
    assert "must end before the script repeats" in mistakes(tmp_path, text)[0]


def test_no_yaml_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    """A syntax error is reported with its line."""
    assert mistakes(tmp_path, "incidents:\n- {facility: [\n")[0].startswith("script.yaml:3: not YAML")
    assert mistakes(tmp_path, "- a\n") == ["script.yaml:1: must be a mapping with `incidents` and `faults`"]
    assert mistakes(tmp_path, "faults: 7\n") == ["script.yaml:1: faults must be a list"]


SCRAPS = st.sampled_from(
    ["incidents:", "faults:", "- ", "{", "}", "kind: ", "stuck", "device: ", "a-sp-01-level", "start_s: ", "1", ".nan",
     "!!python/object:x", "&a ", "*a", "\n", "  ", "[", "]", ", ", "'", ": ", "~", "1e999", "repeat_s: "]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SCRAPS, max_size=30))
def test_any_text_is_understood_or_refused(tmp_path: Path, scraps: list[str]) -> None:
    """No text at all makes the reader fail otherwise than with its list of mistakes."""
    with contextlib.suppress(ScriptError):
        understood(tmp_path, "".join(scraps))
