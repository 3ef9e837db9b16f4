"""``twingrid registry`` as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.app.test_cli import twingrid
from tests.unit.registry import city


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with settings and the small city."""
    (tmp_path / "twingrid.yaml").write_text("data_dir: data\n", "utf-8")
    city.write_city(tmp_path / "reg")
    return tmp_path


def test_a_registry_goes_in_out_and_in_again(place: Path) -> None:
    """Dry run, import, export, an edit by somebody, and its history."""
    dry = twingrid("registry", "import", "reg", "--dry-run", cwd=place)
    assert dry.returncode == 0, dry.stderr
    assert "+ communities aa" in dry.stdout
    assert "nothing was written" in dry.stderr
    done = twingrid("registry", "import", "reg", "--lang", "zh", cwd=place)
    assert "已写入 49 项变更" in done.stderr
    assert twingrid("registry", "export", "--to", "out.xlsx", cwd=place).returncode == 0
    assert "No differences" in twingrid("registry", "import", "out.xlsx", cwd=place).stdout
    again = twingrid("registry", "export", "--to", "out.xlsx", cwd=place)
    assert again.returncode == 2
    assert "--replace" in again.stderr
    facilities = place / "reg" / "facilities.csv"
    facilities.write_text(facilities.read_text("utf-8").replace("Lift 1", "Lift one"), "utf-8")
    changed = json.loads(twingrid("registry", "import", "reg", "--json", cwd=place).stdout)
    assert changed["applied"] is True
    assert [(one["record"], one["after"]) for one in changed["changes"]] == [("aa-li-01", {"name_en": "Lift one"})]
    lines = json.loads(twingrid("registry", "history", "facilities", "aa-li-01", "--json", cwd=place).stdout)
    assert [(one["kind"], one["field"], one["before"]) for one in lines] == [
        ("change", "name_en", "Lift 1"),
        ("add", "", None),
    ]
    assert "（新增）" in twingrid("registry", "history", "facilities", "aa-li-01", "--lang", "zh", cwd=place).stdout


def test_a_wrong_registry_is_told_whole_and_not_applied(place: Path) -> None:
    """All errors at once, in the reader's language, and an exit code of its own; wrong use has another."""
    facilities = place / "reg" / "facilities.csv"
    facilities.write_text(facilities.read_text("utf-8").replace("sewage_pump", "sewage_pmup"), "utf-8")
    run = twingrid("registry", "import", "reg", "--lang", "zh", cwd=place)
    assert run.returncode == 1
    assert run.stderr.count("TG-3042") == 3
    assert "共 3 个问题；没有写入任何内容" in run.stderr
    assert "No changes" in twingrid("registry", "history", cwd=place).stdout
    assert twingrid("registry", "import", "nowhere.xlsx", cwd=place).returncode == 2
    assert twingrid("registry", "history", "houses", cwd=place).returncode == 2
