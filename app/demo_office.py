"""What the demo's registry says of its offices: departments, posts, certificates, leave, volunteers, amenities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.demo_description import SimCity, SimCommunity

Record = dict[str, object]
PAPERS: Mapping[str, str] = {
    "m1": "低压电工作业证 | T4206-01 | 2028-05-01; 有限空间作业证 | K-118 | 2027-01-20",
    "m2": "特种设备作业人员证 | L-77 | 2027-09-30",
    "g1": "急救员证 | J-2031 | 2026-06-30",
}
"""Ending of a person's code to the certificates; one of them has ended."""
WISHES: Mapping[str, Mapping[str, object]] = {
    "hvac": {"modes": {"low": "claim"}},
    "indoor_air": {"modes": {"low": "rotate"}, "volunteers": "low"},
    "elevator": {"certificate": "特种设备作业人员证"},
}
"""How tasks of a class are given out, as the settings of a city say it."""
LEAVE: Mapping[str, str] = {"g2": "2026-12-24..2026-12-26; 2027-02-08..2027-02-12"}
_STATED = (
    ("service_station", "has", 860, "党群服务中心", "Service centre"),
    ("nursery", "lacks", "", "", ""),
    ("elderly_station", "building", "", "2027 年投用", "Opens in 2027"),
    ("walking", "worn", "", "铺装破损", "Broken paving"),
)


def departments() -> list[Record]:
    """Who owns and hands down."""
    return [
        {"code": "housing", "name_zh": "住房和城乡建设局", "name_en": "Housing and construction office"},
        {"code": "water", "name_zh": "水务局", "name_en": "Water office"},
    ]


def posts(city: SimCity) -> list[Record]:
    """A post for every cell, held by whom its people name, and one that is vacant."""
    held = [post for community in city.communities for post in _posts(community)]
    return [*held, _vacant(city.communities[-1])]


def _posts(community: SimCommunity) -> Iterator[Record]:
    for suffix, worker in (("g1", "g1"), ("g2", "g2"), ("c1", "m1"), ("c2", "m2")):
        yield {
            "code": f"{community.id}-post-{suffix}",
            "name_zh": "网格员岗" if suffix.startswith("g") else "维修员岗",
            "name_en": "Grid worker's post" if suffix.startswith("g") else "Maintainer's post",
            "cell": f"{community.id}-{suffix}",
            "holder": f"{community.id}-{worker}",
            "since": "2024-03-01",
        }


def _vacant(community: SimCommunity) -> Record:
    """A second maintainer would be due there and has not been found."""
    return {
        "code": f"{community.id}-post-c2b",
        "name_zh": "第二维修员岗",
        "name_en": "Second maintainer's post",
        "cell": f"{community.id}-c2",
        "holder": "",
        "since": "2024-03-01",
    }


def volunteers(city: SimCity) -> list[Record]:
    """One in each community."""
    return [
        {
            "code": f"{community.id}-v1",
            "name_zh": f"{community.name_zh.removesuffix('社区')}志愿者",
            "name_en": f"{community.name_en.removesuffix(' Community')} volunteer",
            "role": "grid_worker",
            "communities": community.id,
            "volunteer": "yes",
        }
        for community in city.communities
    ]


def amenities(city: SimCity) -> list[Record]:
    """What is stated of the first community."""
    return [
        {
            "community": city.communities[0].id,
            "item": item,
            "state": state,
            "amount": amount,
            "note_zh": zh,
            "note_en": en,
            "checked_on": "2026-05-01",
        }
        for item, state, amount, zh, en in _STATED
    ]
