"""A photo is kept as a picture alone: no place, no time, no name; whatever else comes is refused."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from core.cases import Actor, UnknownItem
from core.errors import Invalid, Unavailable
from core.intake import SourceKind
from core.ports.intake import IntakeAsk, IntakeRow
from dispatch.intake_desk import SqlIntakes
from dispatch.photo_desk import SqlPhotos
from dispatch.photo_folder import MOST_PHOTOS
from dispatch.photos import JPEG, MOST_BYTES, PNG, picture_of
from tests.unit.dispatch.hall import HOUR, MONDAY_9, RULES, Hall

SECRET = b"secret-of-the-phone"
GPS, MAKER, ORIENTATION = 0x8825, 0x010F, 0x0112
ANYBODY = Actor(login="anybody")


def image(width: int = 64, height: int = 48, shade: int = 0) -> Image.Image:
    """A picture that is not symmetric."""
    made = Image.new("RGB", (width, height), (200, 30, shade))
    made.paste((10, 200, 90), (0, 0, width // 2, height // 3))
    return made


def jpeg(*, turned: int = 1, progressive: bool = False, shade: int = 0) -> bytes:
    """A photo as a phone makes it: with a place, a maker, a comment and a thumbnail behind its end."""
    exif = Image.Exif()
    exif[ORIENTATION] = turned
    exif[MAKER] = SECRET.decode()
    exif[GPS] = {1: "N", 2: (31.0, 42.0, 7.0), 29: SECRET.decode()}
    file = io.BytesIO()
    image(shade=shade).save(file, "JPEG", exif=exif, progressive=progressive, comment=SECRET, icc_profile=SECRET * 9)
    return file.getvalue() + SECRET


def png() -> bytes:
    """A screenshot with texts."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", SECRET.decode())
    texts.add_text("Where", SECRET.decode(), zip=True)
    file = io.BytesIO()
    image().save(file, "PNG", pnginfo=texts, exif=Image.Exif())
    return file.getvalue() + SECRET


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("turned", range(1, 9))
def test_a_jpeg_keeps_its_pixels_and_its_turn_and_nothing_else(turned: int, *, progressive: bool) -> None:
    """A real decoder sees the same picture; of the EXIF it sees the turn alone."""
    raw = jpeg(turned=turned, progressive=progressive)
    assert SECRET in raw
    kept = picture_of(raw)
    assert (kept.media_type, kept.width, kept.height) == (JPEG, 64, 48)
    assert SECRET not in kept.data
    before, after = Image.open(io.BytesIO(raw)), Image.open(io.BytesIO(kept.data))
    assert dict(after.getexif()) == ({} if turned == 1 else {ORIENTATION: turned})
    assert "icc_profile" not in after.info
    assert ImageOps.exif_transpose(after).tobytes() == ImageOps.exif_transpose(before).tobytes()


def test_a_png_keeps_its_pixels_and_nothing_else() -> None:
    """Texts, EXIF and what lies behind its end are gone."""
    raw = png()
    kept = picture_of(raw)
    assert (kept.media_type, kept.width, kept.height) == (PNG, 64, 48)
    assert SECRET not in kept.data
    after = Image.open(io.BytesIO(kept.data))
    after.load()
    assert not {"Author", "Where", "exif"} & set(after.info)
    assert after.tobytes() == image().tobytes()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        jpeg()[:-400],
        png()[:60],
        png().replace(b"IDAT", b"IDAX"),
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    ],
)
def test_what_is_no_photo_is_refused(raw: bytes) -> None:
    """Whatever its name says; the sender is told in both languages what to do."""
    with pytest.raises(Invalid) as caught:
        picture_of(raw)
    finding = caught.value.findings[0]
    assert finding.code == "TG-3151"
    assert finding.fix_in("zh") != finding.fix_in("en")


def test_a_small_file_may_not_unfold_into_memory() -> None:
    """60,000 × 60,000 pixels in a few bytes; and a file that is too long is not even looked at."""
    raw = bytearray(jpeg())
    at = raw.index(b"\xff\xc0") + 5
    raw[at : at + 4] = (60_000).to_bytes(2, "big") * 2
    for wrong in (bytes(raw), bytes(MOST_BYTES + 1)):
        with pytest.raises(Invalid) as caught:
            picture_of(wrong)
        assert caught.value.findings[0].code == "TG-3152"


def test_a_second_frame_does_not_hide_the_size_of_the_first() -> None:
    """60,000 × 60,000 pixels, and behind them a frame of the true size."""
    raw = jpeg()
    at = raw.index(b"\xff\xc0")
    end = at + 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    large = bytearray(raw[at:end])
    large[5:9] = (60_000).to_bytes(2, "big") * 2
    with pytest.raises(Invalid) as caught:
        picture_of(raw[:at] + bytes(large) + raw[at:])
    assert caught.value.findings[0].code == "TG-3151"


@given(
    which=st.sampled_from([jpeg(turned=6), jpeg(progressive=True), png()]),
    cuts=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=8),
    length=st.integers(0, 4_000),
)
def test_whatever_comes_is_kept_clean_or_refused(which: bytes, cuts: list[tuple[int, int]], length: int) -> None:
    """No byte makes it fail otherwise, and what is kept stays as it is when it comes again."""
    raw = bytearray(which[: length or None])
    for at, value in cuts:
        if at < len(raw):
            raw[at] = value
    try:
        kept = picture_of(bytes(raw))
    except Invalid:
        return
    assert len(kept.data) <= len(raw) + 40
    assert picture_of(kept.data) == kept


# --- kept -------------------------------------------------------------------------------------------------------


def reported(hall: Hall, key: str = "once") -> IntakeRow:
    """A resident's report of a pump."""
    desk = SqlIntakes(hall.engine, rules=RULES.get, source=hall.city.registry)
    pump = hall.city.facility("aa-sp-01")
    ask = IntakeAsk(key=key, actor=ANYBODY, source=SourceKind.RESIDENT, event="other", words="漏水", facility=pump)
    return desk.file(ask, MONDAY_9)


def test_a_photo_is_kept_under_the_name_of_its_hash(hall: Hall, tmp_path: Path) -> None:
    """Readable by the server alone; the same photo again is the same; it shows with its intake."""
    row, shelf = reported(hall), SqlPhotos(hall.engine, tmp_path / "photos")
    first = shelf.attach(row.number, "once", ANYBODY, jpeg(), MONDAY_9)
    assert shelf.attach(row.number, "once", ANYBODY, jpeg() + b"more", MONDAY_9) == first
    files = [path for path in (tmp_path / "photos").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [f"{first.sha256}.jpg"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert shelf.photo(row.number, 0) == (JPEG, picture_of(jpeg()).data)
    assert shelf.photo(row.number, 0, frozenset({row.community})) is not None
    assert shelf.photo(row.number, 0, frozenset({row.community + 1})) is None
    assert shelf.photo(row.number, 1) is None
    desk = SqlIntakes(hall.engine, rules=RULES.get, source=hall.city.registry)
    shown = desk.intake(row.number)
    assert shown is not None
    assert shown.photos == (first,)


def test_only_who_reported_it_adds_photos_and_not_many(hall: Hall, tmp_path: Path) -> None:
    """Another key, another person, a day later, a fifth one: refused."""
    row, shelf = reported(hall), SqlPhotos(hall.engine, tmp_path / "photos")
    for key, actor, at_ms in (
        ("other", ANYBODY, MONDAY_9),
        ("once", hall.actor("aa-g1"), MONDAY_9),
        ("once", ANYBODY, MONDAY_9 + 24 * HOUR),
    ):
        with pytest.raises(UnknownItem):
            shelf.attach(row.number, key, actor, jpeg(), at_ms)
    assert not (tmp_path / "photos").exists()
    positions = [
        shelf.attach(row.number, "once", ANYBODY, jpeg(shade=40 * one), MONDAY_9).position for one in range(MOST_PHOTOS)
    ]
    assert positions == list(range(MOST_PHOTOS))
    with pytest.raises(Invalid) as caught:
        shelf.attach(row.number, "once", ANYBODY, jpeg(shade=240), MONDAY_9)
    assert caught.value.findings[0].code == "TG-3153"


def test_photos_never_fill_the_disk(hall: Hall, tmp_path: Path) -> None:
    """Beyond the room for them they are refused, with the figures; a disk that is full is told as such."""
    row, size = reported(hall), len(picture_of(jpeg()).data)
    shelf = SqlPhotos(hall.engine, tmp_path / "photos", most_bytes=size)
    shelf.attach(row.number, "once", ANYBODY, jpeg(), MONDAY_9)
    with pytest.raises(Invalid) as caught:
        shelf.attach(row.number, "once", ANYBODY, jpeg(shade=99), MONDAY_9)
    assert caught.value.findings[0].code == "TG-3154"
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    broken = SqlPhotos(hall.engine, tmp_path / "file")
    with pytest.raises(Unavailable):
        broken.attach(row.number, "once", ANYBODY, jpeg(shade=50), MONDAY_9)
    for path in (tmp_path / "photos").rglob("*.jpg"):
        path.unlink()
    with pytest.raises(Unavailable):
        shelf.photo(row.number, 0)
