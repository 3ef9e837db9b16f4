"""Documents of facilities: told by their bytes, kept once, within the room of photos, gone when they are removed."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from PIL import Image, ImageSequence

from core.cases import Actor, UnknownItem
from core.errors import Invalid, Unavailable
from core.ports.documents import MOST_DOCUMENT_BYTES, MOST_DOCUMENTS, MOST_NAME
from dispatch.document_desk import SqlDocuments
from dispatch.documents import PDF, WEBP, XLSX, document_of, name_of
from dispatch.photo_desk import SqlPhotos
from dispatch.photos import JPEG, PNG
from tests.unit.dispatch.hall import HOUR, MONDAY_9, Hall
from tests.unit.dispatch.test_photos import SECRET, image, jpeg, png, reported

CLERK = Actor(login="clerk")
PUMP = 7


def pdf(text: bytes = b"manual") -> bytes:
    """As small as one can be and still be opened by lenient readers."""
    return b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n%" + text + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def webp(*, lossless: bool = False, animated: bool = False) -> bytes:
    """A picture with all that a camera and an editor write beside it."""
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    file = io.BytesIO()
    more = {"save_all": True, "append_images": [image(shade=99)]} if animated else {}
    image().save(file, "WEBP", lossless=lossless, exif=exif, xmp=SECRET, icc_profile=SECRET * 9, **more)
    return file.getvalue()


def workbook(**parts: str) -> bytes:
    """A workbook, with further parts beside its own."""
    book, file = Workbook(), io.BytesIO()
    book.active["A1"] = "pump"
    book.save(file)
    if parts:
        with zipfile.ZipFile(file, "a") as whole:
            for name, content in parts.items():
                whole.writestr(name, content)
    return file.getvalue()


def archive(**parts: str) -> bytes:
    """A ZIP that is no workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as whole:
        for name, content in parts.items():
            whole.writestr(name, content)
    return file.getvalue()


def codes_of(data: bytes) -> list[str]:
    """What is wrong with a file."""
    with pytest.raises(Invalid) as caught:
        document_of(data)
    return [one.kind.code for one in caught.value.findings]


def desk_of(hall: Hall, folder: Path, most_bytes: int = 1 << 30) -> SqlDocuments:
    """Where documents lie."""
    return SqlDocuments(hall.engine, folder / "photos", most_bytes)


def files_in(folder: Path) -> list[str]:
    """Names of all files of photos and documents."""
    return sorted(path.name for path in (folder / "photos").rglob("*") if path.is_file())


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_what_a_document_is_follows_from_its_bytes() -> None:
    """Whatever its name says; papers and workbooks stay as they are, of a picture only the picture stays."""
    assert document_of(pdf()) == (PDF, pdf())
    book = workbook()
    assert document_of(book) == (XLSX, book)
    for raw, kind in ((jpeg(), JPEG), (png(), PNG), (webp(), WEBP), (webp(lossless=True), WEBP)):
        media_type, kept = document_of(raw)
        assert media_type == kind
        assert SECRET not in kept
        assert Image.open(io.BytesIO(kept)).size == (64, 48)


@pytest.mark.parametrize("lossless", [False, True])
def test_a_webp_keeps_its_pixels_and_nothing_else(*, lossless: bool) -> None:
    """A real decoder sees the same picture, and neither profile, EXIF nor XMP."""
    raw = webp(lossless=lossless)
    _, kept = document_of(raw + SECRET)
    before, after = Image.open(io.BytesIO(raw)), Image.open(io.BytesIO(kept))
    assert before.convert("RGB").tobytes() == after.convert("RGB").tobytes()
    assert dict(after.getexif()) == {}
    assert not {"icc_profile", "exif", "xmp"} & after.info.keys()
    assert document_of(kept) == (WEBP, kept)


def test_an_animation_keeps_its_frames() -> None:
    """Both of them."""
    kept = Image.open(io.BytesIO(document_of(webp(animated=True))[1]))
    assert len(ImageSequence.all_frames(kept)) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script></html>",
        b"MZ" + bytes(200),
        b"GIF89a" + bytes(50),
        b"\n%PDF-1.7\n%%EOF",
        pdf()[:-8],
        pdf()[:40] + b"%%EOF" + bytes(4_000),
        jpeg()[:200],
        png()[:60],
        webp()[:60],
        b"RIFF\x04\x00\x00\x00WEBP",
        b"RIFF" + struct.pack("<I", 30) + b"WEBP" + b"EXIF" + struct.pack("<I", 18) + bytes(18),
        workbook()[:-30],
        workbook() + b"trailing",
        archive(**{"word/document.xml": "x", "[Content_Types].xml": "x"}),
        archive(**{"readme.txt": "x"}),
        b"PK\x03\x04",
    ],
)
def test_whatever_else_comes_is_refused(data: bytes) -> None:
    """Pages, programs, other pictures, other packages, halves, and what hides behind another beginning."""
    assert codes_of(data) in (["TG-3240"], ["TG-3151"])


def test_a_workbook_with_macros_is_refused() -> None:
    """Whatever it is called, and however its part is written."""
    assert codes_of(workbook(**{"xl/VBAProject.bin": "x"})) == ["TG-3241"]


def test_a_list_of_parts_that_fills_the_memory_is_not_read() -> None:
    """A workbook names thousands of parts at most; the end of the file says how long the list is."""
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65_535, 65_535, 8 << 20, 100, 0)
    assert codes_of(b"PK\x03\x04" + bytes(9 << 20) + end) == ["TG-3240"]


def test_a_document_has_a_size() -> None:
    """Exactly so many bytes, not one more; a scan may be larger than a photo."""
    whole = pdf(b"x" * (MOST_DOCUMENT_BYTES - len(pdf(b""))))
    assert document_of(whole)[0] == PDF
    assert codes_of(whole + b"\n") == ["TG-3242"]


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"%PDF-", b"RIFF\x40\x00\x00\x00WEBP", b"PK\x03\x04", b"\xff\xd8"])
)
def test_no_bytes_do_anything_but_be_kept_or_refused(data: bytes, begin: bytes) -> None:
    """No other error, and what is kept is kept the same way again."""
    try:
        media_type, kept = document_of(begin + data)
    except Invalid:
        return
    assert document_of(kept) == (media_type, kept)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  水泵说明书　第二版 ", "水泵说明书 第二版"),
        ("<b>manual</b>.pdf", "<b>manual</b>.pdf"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("e\u0301", "é"),
        ("x" * MOST_NAME, "x" * MOST_NAME),
    ],
)
def test_a_name_is_text(text: str, name: str) -> None:
    """Kept as it was written; where it would be a path or markup it is made harmless at that place."""
    assert name_of(text) == name


@pytest.mark.parametrize(
    "text", ["", " \u3000", "x" * (MOST_NAME + 1), "a\nb", "a\x00b", "gnp\u202efdp.exe", "a\u2028b"]
)
def test_a_name_that_cannot_be_seen_is_refused(text: str) -> None:
    """Empty, too long, of several lines, or written so that it reads as another."""
    with pytest.raises(Invalid) as caught:
        name_of(text)
    assert caught.value.findings[0].code == "TG-3245"


# --- kept -------------------------------------------------------------------------------------------------------------


def test_a_document_is_kept_listed_and_given_back(hall: Hall, tmp_path: Path) -> None:
    """Under the hash of its bytes, for the server alone; no name is part of a path."""
    desk = desk_of(hall, tmp_path)
    first = desk.add(PUMP, "../../说明书", pdf(), CLERK, MONDAY_9)
    second = desk.add(PUMP, "drawing", png(), replace(CLERK, person=3), MONDAY_9 + HOUR)
    desk.add(PUMP + 1, "elsewhere", workbook(), CLERK, MONDAY_9)
    assert desk.of_facility(PUMP) == [second, first]
    assert (first.name, first.media_type, first.size, first.removed) == ("../../说明书", PDF, len(pdf()), None)
    assert (second.person, second.media_type) == (3, PNG)
    assert desk.document(PUMP, first.number) == (first, pdf())
    assert desk.document(PUMP + 1, first.number) is None, "of another facility"
    [path] = (tmp_path / "photos" / "documents").rglob("*.pdf")
    assert path.name == f"{first.sha256}.pdf"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(files_in(tmp_path)) == 3


def test_the_same_bytes_again_are_the_same_document(hall: Hall, tmp_path: Path) -> None:
    """An answer got lost; at another facility they are another document, and lie there once."""
    desk = desk_of(hall, tmp_path)
    first = desk.add(PUMP, "manual", pdf(), CLERK, MONDAY_9)
    assert desk.add(PUMP, "another name", pdf(), Actor(login="other"), MONDAY_9 + HOUR) == first
    other = desk.add(PUMP + 1, "manual", pdf(), CLERK, MONDAY_9)
    assert other.number != first.number
    assert len(files_in(tmp_path)) == 1


def test_what_is_removed_is_gone_and_who_did_it_stays(hall: Hall, tmp_path: Path) -> None:
    """Its bytes go with the last document that names them; once more changes nothing; it may be added anew."""
    desk, boss = desk_of(hall, tmp_path), Actor(login="boss", person=9)
    first = desk.add(PUMP, "manual", pdf(), CLERK, MONDAY_9)
    other = desk.add(PUMP + 1, "manual", pdf(), CLERK, MONDAY_9)
    gone = desk.remove(PUMP, first.number, " of another pump ", boss, MONDAY_9 + HOUR)
    assert gone.removed is not None
    assert (gone.removed.actor, gone.removed.person, gone.removed.reason) == ("boss", 9, "of another pump")
    assert desk.remove(PUMP, first.number, "again", CLERK, MONDAY_9 + 2 * HOUR) == gone
    assert (desk.document(PUMP, first.number), desk.of_facility(PUMP)) == (None, [gone])
    assert desk.document(PUMP + 1, other.number) == (other, pdf())
    desk.remove(PUMP + 1, other.number, "too", boss, MONDAY_9)
    assert files_in(tmp_path) == []
    again = desk.add(PUMP, "manual", pdf(), CLERK, MONDAY_9 + 3 * HOUR)
    assert desk.document(PUMP, again.number) == (again, pdf())
    assert again.number > other.number


def test_a_removal_needs_a_document_and_a_reason(hall: Hall, tmp_path: Path) -> None:
    """Of this facility; nothing has happened otherwise."""
    desk = desk_of(hall, tmp_path)
    first = desk.add(PUMP, "manual", pdf(), CLERK, MONDAY_9)
    for facility, number in ((PUMP, first.number + 1), (PUMP + 1, first.number)):
        with pytest.raises(UnknownItem):
            desk.remove(facility, number, "wrong one", CLERK, MONDAY_9)
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(Invalid) as caught:
            desk.remove(PUMP, first.number, reason, CLERK, MONDAY_9)
        assert caught.value.findings[0].code == "TG-3246"
    assert desk.document(PUMP, first.number) == (first, pdf())


def test_a_facility_has_so_many_documents(hall: Hall, tmp_path: Path) -> None:
    """One more is refused, the same once more is not; what was removed does not count."""
    desk = desk_of(hall, tmp_path)
    made = [desk.add(PUMP, f"sheet {n}", pdf(b"%d" % n), CLERK, MONDAY_9) for n in range(MOST_DOCUMENTS)]
    with pytest.raises(Invalid) as caught:
        desk.add(PUMP, "one more", pdf(), CLERK, MONDAY_9)
    assert caught.value.findings[0].code == "TG-3243"
    assert desk.add(PUMP, "sheet 0", pdf(b"0"), CLERK, MONDAY_9) == made[0]
    desk.remove(PUMP, made[0].number, "old", CLERK, MONDAY_9)
    desk.add(PUMP, "one more", pdf(), CLERK, MONDAY_9)


def test_documents_and_photos_share_their_room(hall: Hall, tmp_path: Path) -> None:
    """Each is refused for what the other takes, in its own words; what is removed makes room."""
    row = reported(hall)
    most = len(pdf()) + 10
    desk, photos = desk_of(hall, tmp_path, most), SqlPhotos(hall.engine, tmp_path / "photos", most)
    first = desk.add(PUMP, "manual", pdf(), CLERK, MONDAY_9)
    with pytest.raises(Invalid) as no_room:
        photos.attach(row.number, "once", Actor(login="anybody"), jpeg(), MONDAY_9)
    assert no_room.value.findings[0].code == "TG-3154"
    with pytest.raises(Invalid) as full:
        desk.add(PUMP, "second", pdf(b"second"), CLERK, MONDAY_9)
    assert full.value.findings[0].code == "TG-3244"
    desk.remove(PUMP, first.number, "old", CLERK, MONDAY_9)
    assert desk.add(PUMP, "second", pdf(b"second"), CLERK, MONDAY_9).number > first.number


def test_a_disk_that_fails_leaves_no_row(hall: Hall, tmp_path: Path) -> None:
    """What is in the list can be fetched, so a file comes before its row."""
    (tmp_path / "photos").write_text("no folder")
    desk = desk_of(hall, tmp_path)
    with pytest.raises(Unavailable):
        desk.add(PUMP, "manual", pdf(), CLERK, MONDAY_9)
    assert desk.of_facility(PUMP) == []


def test_a_workbook_that_is_kept_still_opens(hall: Hall, tmp_path: Path) -> None:
    """Byte by byte what came."""
    raw = workbook()
    made = desk_of(hall, tmp_path).add(PUMP, "list", raw, CLERK, MONDAY_9)
    found = desk_of(hall, tmp_path).document(PUMP, made.number)
    assert found is not None
    assert found[1] == raw
    assert load_workbook(io.BytesIO(found[1])).active["A1"].value == "pump"
