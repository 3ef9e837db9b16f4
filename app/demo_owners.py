"""Who owns what in the demo; made up, as its communities are."""

from __future__ import annotations

from typing import Final

from app.demo_description import SimCity, SimCommunity

VALID_FROM: Final = "2024-01-01"


def villages(city: SimCity) -> list[dict[str, object]]:
    """The last community is made of two villages that keep their own books; made up, as the community is."""
    community = city.communities[-1]
    name, english = community.name_zh.removesuffix("社区"), community.name_en.removesuffix(" Community")
    return [
        {
            "code": f"{community.id}-{side}",
            "name_zh": f"{name}{zh}村",
            "name_en": f"{english}, {side} village",
            "community": community.id,
            "merged_on": VALID_FROM,
        }
        for side, zh in (("west", "西"), ("east", "东"))
    ]


def owner(city: SimCity, community: SimCommunity, longitude: float) -> dict[str, object]:
    """The community owns what stands in it; where two villages were merged, the village on whose side it stands."""
    if community.id != city.communities[-1].id:
        return {"owner_kind": "community", "owner": community.id}
    west, _, east, _ = box(community)
    side = "west" if longitude < (west + east) / 2 else "east"
    return {"owner_kind": "village", "owner": f"{community.id}-{side}"}


def box(community: SimCommunity) -> tuple[float, float, float, float]:
    """West, south, east and north of a community, degrees."""
    lons, lats = [lon for lon, _ in community.boundary], [lat for _, lat in community.boundary]
    return min(lons), min(lats), max(lons), max(lats)
