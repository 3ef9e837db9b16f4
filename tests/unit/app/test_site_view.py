"""What the technician's page says of a unit's quantities."""

from __future__ import annotations

from app.site_view import notes, reading_view
from core.places import Text
from gateway.profile_file import shipped
from gateway.site_survey.scan import Setting
from gateway.site_survey.state import SnapshotState, UnitState

DRIVE = shipped()["invt-gd200a"]


def test_a_quantity_has_its_name_its_note_and_what_its_value_stands_for_in_both_languages() -> None:
    """A fault code is a number and its words; a number without words is only a number."""
    words = {"3:8448": 1, "3:8450": 13}
    unit = UnitState(unit=1, setting=Setting(9600), snapshots=(SnapshotState(time_ms=1, words=words),))
    seen = {one.name: one for one in reading_view(unit, DRIVE, 1).quantities}
    assert seen["fault_code"].label == Text(zh="故障代码", en="fault code")
    assert seen["fault_code"].meaning == Text(zh="输入侧缺相", en="input phase lost")
    assert seen["fault_code"].note == DRIVE.registers["fault_code"].note
    assert seen["state"].meaning == Text(zh="正转", en="forward")
    assert seen["output_current"].meaning is None


def test_what_to_mind_of_a_product_is_said_in_both_languages() -> None:
    """Its quirks and its note; nothing where there is no profile."""
    assert [one.zh for one in notes(shipped()["acrel-adw300"])] == [
        "数值为互感器二次侧，须乘变比",
        "接电流互感器时，电流、功率、电能须在测点处乘以互感器变比",
    ]
    assert notes(None) == []
