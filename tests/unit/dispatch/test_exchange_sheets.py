"""Rows that a partner gets in a workbook come back as they were, whatever their texts look like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.errors import Invalid
from dispatch.exchange import sheets
from dispatch.exchange.mapping import NEEDED, Mapped
from dispatch.exchange.sheets import read_rows, write_rows

HEADS = tuple(dict.fromkeys((*NEEDED, "event_word", "say")))
HOSTILE = ("_x0041_", "_x005F_x0041_", "x005F_", "=1+1", "+86", "-1", "@x", "泵😀房", "<r>x</r>", "&<>")


@dataclass(frozen=True)
class Words:
    """Of a partner, as much as reading asks for."""

    columns: dict[str, str]


WORDS = cast("Mapped", Words({name: name for name in HEADS}))


def back(path: Path, texts: list[str]) -> list[str]:
    """What a file says that was written with these texts in its last column."""
    path.parent.mkdir(exist_ok=True)
    assert write_rows(path, HEADS, [[*(["1"] * (len(HEADS) - 1)), text] for text in texts]) == len(texts)
    rows, wrong = read_rows(path, WORDS)
    assert not wrong
    return [row.fields["say"] for row in rows]


@pytest.mark.parametrize("text", [*HOSTILE, "bell\x07", "a\x01b\x1fc"])
def test_a_hostile_text_comes_back_from_a_workbook(text: str, tmp_path: Path) -> None:
    """A character's number, a formula, a control character, an emoji, markup: the same, and text to a spreadsheet."""
    path = tmp_path / "cases.xlsx"
    assert back(path, [text]) == [text]
    cell = load_workbook(path).worksheets[0].cell(2, len(HEADS))
    assert cell.data_type == "s"


@given(
    texts=st.lists(
        st.lists(st.sampled_from([*HOSTILE, "_", "x", "甲", " ", '"']), min_size=1, max_size=5)
        .map("".join)
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=6,
    )
)
def test_every_text_comes_back_from_a_workbook(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """All of them together, in any order."""
    assert back(tmp_path_factory.mktemp("sheet") / "cases.xlsx", texts) == texts


def test_a_formula_in_a_csv_has_an_apostrophe(tmp_path: Path) -> None:
    """A CSV cannot say that something is text."""
    assert back(tmp_path / "cases.csv", ["=1+1", "_x0041_", "-1.5"]) == ["'=1+1", "_x0041_", "-1.5"]


def test_more_rows_than_a_sheet_has_leave_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook would leave them out without a word: nothing is written, and what stood there stays."""
    path = tmp_path / "cases.xlsx"
    path.write_bytes(b"old")
    monkeypatch.setattr(sheets, "_MOST_LINES", 3)
    with pytest.raises(Invalid) as caught:
        write_rows(path, HEADS, [["1"] * len(HEADS)] * 3)
    assert [one.kind.code for one in caught.value.findings] == ["TG-3218"]
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["cases.xlsx"]
