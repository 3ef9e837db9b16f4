"""Whether a browser's request comes from a page of ours, by what the browser says of itself.

Sources: W3C, Fetch Metadata Request Headers (``Sec-Fetch-Site``); RFC 6454, section 7 (``Origin``), for older browsers.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_OWN_SITES = frozenset({"same-origin", "none"})


def is_own_site(headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from our own pages, or from no page at all.

    Args:
        headers: of the request, asked for by their names in lower case.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN_SITES
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False
