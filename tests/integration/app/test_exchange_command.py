"""``twingrid exchange``: a stranger imports a file, reads what is wrong with it, and exports."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.integration.app import test_cli
from tests.unit.registry.city import write_city


def twingrid(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, in no folder of its own."""
    return test_cli.twingrid(*arguments, cwd=Path(tempfile.gettempdir()))


pytestmark = pytest.mark.timeout(300)  # a dozen processes

HEADS = ["案卷编号", "案卷状态", "上报时间", "案件类型", "小类代码", "社区", "经度", "纬度", "问题描述"]
GOOD = [
    ["G-1", "已立案", "2026-11-23 09:00:00", "事件", "0505", "甲社区", "112.103", "31.703", "路面破损"],
    ["G-2", "处置中", "2026/11/23 09:30", "事件", "0505", "aa", "112.1031", "31.7031", "路面有坑"],
    ["G-3", "结案", "2026年11月20日 08:00", "部件", "0137", "乙社区", "", "", "路灯不亮"],
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Settings with one partner, and the small city."""
    write_city(tmp_path / "registry")
    settings = tmp_path / "twingrid.yaml"
    settings.write_text(
        f"data_dir: {tmp_path / 'data'}\n"
        "exchange:\n  partners:\n    city: {source: department, department: '12345'}\n",
        encoding="utf-8",
    )
    found = twingrid("registry", "import", str(tmp_path / "registry"), "--yes", "--config", str(settings))
    assert found.returncode == 0, found.stderr
    return settings


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    """Rows under the usual headings."""
    if path.suffix == ".xlsx":
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        for row in [HEADS, *rows]:
            sheet.append(row)
        book.save(path)
    else:
        path.write_text("\n".join(",".join(row) for row in [HEADS, *rows]) + "\n", encoding=encoding)
    return path


def test_a_file_is_imported_once_and_exported(house: Path, tmp_path: Path) -> None:
    """A dry run writes nothing; a second import changes nothing, in any form; the export says what became of it."""
    paths = [
        write(tmp_path / "cases.csv", GOOD, "gb18030"),
        write(tmp_path / "cases.xlsx", GOOD),
        write(tmp_path / "utf-8.csv", GOOD, "utf-8-sig"),
    ]
    options = ("--config", str(house), "--json")
    dry = twingrid("exchange", "import", str(paths[0]), "--dry-run", *options)
    assert dry.returncode == 0, dry.stderr
    assert sorted(one["came"] for one in json.loads(dry.stdout)["cases"]) == ["ended", "filed", "linked"]
    first = twingrid("exchange", "import", str(paths[0]), *options)
    assert sorted(one["came"] for one in json.loads(first.stdout)["cases"]) == ["ended", "filed", "linked"]
    for path in paths[1:]:
        again = twingrid("exchange", "import", str(path), *options)
        assert {one["came"] for one in json.loads(again.stdout)["cases"]} == {"known"}
    out = tmp_path / "out.csv"
    done = twingrid("exchange", "export", "--to", str(out), "--config", str(house))
    assert done.returncode == 0, done.stderr
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["案卷编号", "G-1", "G-2"]
    shown = twingrid("exchange", "show", *options)
    (state,) = json.loads(shown.stdout)
    assert (state["links"], [run["kind"] for run in state["runs"]]) == (3, ["export", "import", "import", "import"])


def test_all_errors_of_a_file_come_at_once_and_nothing_is_written(house: Path, tmp_path: Path) -> None:
    """Each with row and column, in the reader's language; then missing headings, a folder, no file, no workbook."""
    bad = [
        ["", "已立案", "2026-11-23", "事件", "0505", "aa", "", "", "x"],
        ["G-2", "奇怪", "gestern", "事件", "9999", "丙社区", "200", "95", "x"],
        *GOOD,
    ]
    path = write(tmp_path / "bad.csv", bad)
    found = twingrid("exchange", "import", str(path), "--config", str(house), "--json")
    assert found.returncode == 1
    told = json.loads(found.stdout)["findings"]
    assert [(one["code"], one["line"], one["column"]) for one in told] == [
        ("TG-3208", 2, 1),
        ("TG-3209", 3, 2),
        ("TG-3213", 3, 3),
        ("TG-3211", 3, 6),
        ("TG-3214", 3, 7),
    ]
    spoken = twingrid("--lang", "zh", "exchange", "import", str(path), "--config", str(house))
    assert "对照表中没有状态“奇怪”" in spoken.stderr
    (tmp_path / "none.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "zip.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    for name, code in (
        ("none.csv", "TG-3206"),
        ("zip.xlsx", "TG-3204"),
        ("binary.csv", "TG-3204"),
        ("missing.csv", "TG-3203"),
        ("registry", "TG-3203"),
    ):
        found = twingrid("exchange", "import", str(tmp_path / name), "--config", str(house))
        assert found.returncode == 1, name
        assert code in found.stderr, name
    shown = json.loads(twingrid("exchange", "show", "--config", str(house), "--json").stdout)
    assert shown[0]["links"] == 0


def test_a_code_that_nobody_knows_goes_to_the_gate_and_is_named(house: Path, tmp_path: Path) -> None:
    """The other rows are taken; the report says which, how often, and the state of the partner keeps it."""
    odd = [
        ["G-7", "已立案", "2026-11-23 09:00:00", "部件", "0199", "甲社区", "112.113", "31.713", "门板倾斜"],
        ["G-8", "已立案", "2026-11-23 09:00:00", "部件", "0199", "甲社区", "112.117", "31.717", "倒了"],
    ]
    path = write(tmp_path / "odd.csv", [*GOOD, *odd])
    found = twingrid("--lang", "zh", "exchange", "import", str(path), "--config", str(house))
    assert found.returncode == 0, found.stderr
    assert "对照表中没有“0199”（2 行）" in found.stdout + found.stderr
    (state,) = json.loads(twingrid("exchange", "show", "--config", str(house), "--json").stdout)
    assert (state["links"], state["at_gate"]) == (5, 2)
    (run,) = state["runs"]
    assert run["unknown"] == {"0199": 2}
    assert "unknown" not in run["counts"]
    again = twingrid("exchange", "import", str(path), "--config", str(house), "--json")
    cases = {one["number"]: one for one in json.loads(again.stdout)["cases"]}
    assert (cases["G-7"]["came"], cases["G-7"]["unknown"], cases["G-1"]["unknown"]) == ("known", "0199", "")


def test_settings_that_contradict_themselves_are_told(tmp_path: Path) -> None:
    """No department, a url without a secret, a mapping that is wrong in three places."""
    (tmp_path / "m.yaml").write_text(
        "colums: {}\ncoordinates: mars\nstates: {filed: [x], closed: [x]}\nevents: [{event: nothing}]\n",
        encoding="utf-8",
    )
    settings = tmp_path / "twingrid.yaml"
    settings.write_text("exchange:\n  partners:\n    a: {}\n    b: {source: worker, url: 'https://x.example'}\n")
    found = twingrid("--lang", "en", "exchange", "show", "--config", str(settings))
    assert found.returncode != 0
    assert "needs `department`" in found.stderr
    assert "needs a secret" in found.stderr
    settings.write_text(
        f"data_dir: {tmp_path / 'data'}\nexchange:\n  partners:\n"
        "    a: {source: worker, mapping: m.yaml, url: 'http://x.example', secret: {file: nowhere}}\n"
    )
    found = twingrid("--lang", "en", "exchange", "show", "--config", str(settings))
    assert [found.stderr.count(code) for code in ("TG-3202", "TG-0036", "TG-0037")] == [4, 1, 1]
