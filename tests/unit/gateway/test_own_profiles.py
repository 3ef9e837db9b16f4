"""The folder of a gateway's own profiles: names, versions, and that nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, Refused, Unavailable
from gateway.document import Document
from gateway.own_profiles import HISTORY_FOLDER, KEPT_VERSIONS, OwnProfiles, check_name, digest, is_name
from gateway.profile import Profile
from gateway.profile_file import load_folder, parse, shipped
from gateway.rollouts import check_profile
from gateway.site_session import SiteSession
from gateway.site_survey.state import BusAddress, PointState

ONE = 'maker: M\nmodel: "1"\nsource: manual\nevidence: own\nregisters:\n  a: {address: 0, type: u16}\n'
TWO = ONE.replace("address: 0", "address: 1")
NOW = 1_790_000_000_000


def saved(folder: Path, *texts: str) -> OwnProfiles:
    """A folder in which these texts followed each other, a minute apart."""
    own = OwnProfiles(folder)
    base = ""
    for number, text in enumerate(texts):
        assert own.save("t1", text, base, NOW + 60_000 * number)
        base = digest(text)
    return own


def test_what_was_saved_is_what_the_gateway_reads(tmp_path: Path) -> None:
    """The folder is made, the file is there whole, and the loader of the gateway takes it."""
    own = saved(tmp_path / "etc" / "profiles", ONE)
    assert load_folder(own.folder)["t1"].registers["a"].address == 0
    assert own.text("t1") == ONE
    assert [path.name for path in own.folder.iterdir()] == ["t1.yaml"]


def test_the_versions_before_are_kept_and_can_be_read(tmp_path: Path) -> None:
    """By the time until which they stood, the newest first; the loader does not take them for profiles."""
    own = saved(tmp_path, ONE, TWO, ONE)
    assert own.versions("t1") == (NOW + 120_000, NOW + 60_000)
    assert (own.text("t1", NOW + 60_000), own.text("t1", NOW + 120_000)) == (ONE, TWO)
    assert list(load_folder(tmp_path)) == ["t1"]


def test_of_too_many_versions_the_oldest_goes(tmp_path: Path) -> None:
    """Twenty are kept."""
    texts = [ONE.replace("address: 0", f"address: {number}") for number in range(30)]
    own = saved(tmp_path, *texts)
    assert len(own.versions("t1")) == KEPT_VERSIONS == len(list((tmp_path / HISTORY_FOLDER).iterdir()))
    assert own.text("t1", own.versions("t1")[-1]) == texts[30 - KEPT_VERSIONS - 1]


def test_two_versions_of_one_moment_are_both_kept(tmp_path: Path) -> None:
    """A clock that stands still or goes back loses no version."""
    own = OwnProfiles(tmp_path)
    for before, text, now_ms in (("", ONE, NOW), (ONE, TWO, NOW), (TWO, ONE, NOW), (ONE, TWO, NOW - 5)):
        assert own.save("t1", text, digest(before) if before else "", now_ms)
    assert [own.text("t1", time) for time in own.versions("t1")] == [ONE, TWO, ONE]


def test_the_same_text_again_is_no_version(tmp_path: Path) -> None:
    """Whatever it was begun with."""
    own = saved(tmp_path, ONE)
    assert own.save("t1", ONE, "", NOW) is False
    assert own.versions("t1") == ()


@pytest.mark.parametrize("base", ["", digest(TWO)])
def test_who_began_with_another_text_is_refused(tmp_path: Path, base: str) -> None:
    """Two people at two phones: the second is told, and the first one's work stands."""
    own = saved(tmp_path, ONE)
    with pytest.raises(Refused, match="changed meanwhile"):
        own.save("t1", TWO, base, NOW)
    assert own.text("t1") == ONE


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk at the last step."""
    own = saved(tmp_path, ONE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space"):
        own.save("t1", TWO, digest(ONE), NOW)
    assert own.text("t1") == ONE
    assert list(load_folder(tmp_path)) == ["t1"]


def test_a_broken_file_is_shown_and_can_be_mended(tmp_path: Path) -> None:
    """It has no profile, but a text; files with other names are not ours."""
    (tmp_path / "t1.yaml").write_text("maker: [", encoding="utf-8")
    (tmp_path / "Übersicht.yaml").write_text(ONE, encoding="utf-8")
    own = OwnProfiles(tmp_path)
    assert [(one.key, one.profile) for one in own.all()] == [("t1", None)]
    assert own.sound() == {}
    assert own.save("t1", ONE, digest("maker: ["), NOW)
    assert list(own.sound()) == ["t1"]


@pytest.mark.parametrize("key", ["t2", "../t1", "history/t1", ""])
def test_there_must_be_such_a_profile(tmp_path: Path, key: str) -> None:
    """What there is, is named."""
    own = saved(tmp_path, ONE)
    with pytest.raises(Refused, match="t1"):
        own.text(key)
    with pytest.raises(Refused, match="t1"):
        own.text("t1", 5)


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "../a", "a/b", "a\\b", ".a", "a.", "-a", "A", "ä", "a b", "a\n", "a" * 65, "xy-md02", "site-x-1f"],
)
def test_names_that_are_refused(key: str) -> None:
    """What leads elsewhere, what comes with Twingrid, and what commissioning names by content."""
    with pytest.raises(Refused):
        check_name(key)


@given(st.text())
def test_a_name_is_one_file_in_the_folder(key: str) -> None:
    """Whatever is accepted is the plain name of a file."""
    if is_name(key):
        assert Path("folder", f"{key}.yaml").name == f"{key}.yaml"
        assert not key.startswith(".")


# --- the gateway that would read it -----------------------------------------------------------------------------------

GATEWAY = """
group: wtl
node: gw-1
profiles: own
broker: {host: 127.0.0.1}
spool: {path: spool.sqlite}
buses:
- id: room
  host: 127.0.0.1
  units:
  - {unit: 1, profile: t1, points: {a: wtl-01/a}}
"""


def as_profile(text: str) -> Profile:
    """Parsed under the name that the gateway uses."""
    return parse(Document(text, ""), "t1")


def gateway(folder: Path, text: str = ONE) -> Path:
    """A gateway's file with its own profile."""
    (folder / "own").mkdir()
    (folder / "own" / "t1.yaml").write_text(text, encoding="utf-8")
    file = folder / "gateway.yaml"
    file.write_text(GATEWAY, encoding="utf-8")
    return file


def test_the_gateway_is_asked_before_anything_is_written(tmp_path: Path) -> None:
    """A profile without the register of a point would keep it from starting; the file names the line."""
    file = gateway(tmp_path)
    check_profile(file, as_profile(TWO))
    with pytest.raises(Invalid) as caught:
        check_profile(file, as_profile(ONE.replace("  a:", "  b:")))
    assert [(one.file, one.line) for one in caught.value.findings] == [(str(file), 11)]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".yaml"] == ["own"]


def test_a_profile_that_is_broken_on_the_disk_can_be_mended(tmp_path: Path) -> None:
    """What lies there is not looked at: the new one stands for it."""
    check_profile(gateway(tmp_path, "maker: ["), as_profile(ONE))


# --- the session that uses it -----------------------------------------------------------------------------------------


def test_a_session_goes_on_where_nobody_has_the_profile(tmp_path: Path) -> None:
    """Opened by a command that knows only what comes with Twingrid: points keep their registers, versions follow."""
    address = BusAddress(id="room", host="10.0.0.1")
    here = SiteSession(tmp_path, address, profiles={**shipped(), "t1": as_profile(ONE)})
    here.add(7)
    here.choose_profile(7, "t1")
    here.select(7, [PointState(register="a", measurement="a")])
    here.take_profile(as_profile(TWO))
    there = SiteSession(tmp_path)
    assert there.state == here.state
    assert there.configuration() == here.configuration()
    assert "profile: t1" in there.configuration().buses
    assert there.configuration().profiles == {}
    assert load_folder(tmp_path / "profiles")["t1"].registers["a"].address == 1


def test_what_comes_with_twingrid_needs_no_copy(tmp_path: Path) -> None:
    """Nor does a profile that no unit of the session uses."""
    one = SiteSession(tmp_path, BusAddress(id="room", host="10.0.0.1"))
    one.add(7)
    one.choose_profiles({7: "xy-md02"})
    one.take_profile(as_profile(ONE))
    assert not (tmp_path / "profiles").exists()
