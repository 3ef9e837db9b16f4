"""Serves the built pages: hashed assets for ever, everything else fresh, unknown addresses to the one page.

The pages find their way by the address bar (``/facilities/17``), so an address without a file gets ``index.html``; but
never one of the API, and never one that looks like a file, because a page in place of a missing script hides the error.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_EVER = "public, max-age=31536000, immutable"
_FRESH = "no-cache"
_STRANGERS = "resident.html"
"""The page of addresses below ``/e/``, which the QR codes of facilities hold: small, and without a login."""
_RESERVED = frozenset({"api", "-", "metrics"})
_HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+(\.map)?$")


class Pages(StaticFiles):
    """The folder of built pages as an ASGI application."""

    def __init__(self, root: Path) -> None:
        """Serve ``root``; it must hold ``index.html``.

        Raises:
            RuntimeError: if it does not.
        """
        if not (root / "index.html").is_file():
            raise RuntimeError(f"{root} holds no index.html; build the pages first (make web)")
        super().__init__(directory=root, html=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, the page, or 404."""
        parts = PurePosixPath(path).parts
        if parts and parts[0].lower() in _RESERVED:
            raise HTTPException(404)
        if parts[:1] == ("e",) and (Path(str(self.directory)) / _STRANGERS).is_file():
            path, parts = _STRANGERS, ()
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or PurePosixPath(path).suffix:
                raise
            response = await super().get_response("index.html", scope)
            path = "index.html"
        kept = parts[:1] == ("assets",) and _HASHED.search(path) is not None
        response.headers["Cache-Control"] = _FOR_EVER if kept else _FRESH
        return response
