"""Serves the built pages: hashed assets for ever, everything else fresh, unknown addresses to the one page.

The pages find their way by the address bar (``/facilities/17``), so an address without a file gets ``index.html``; but
never one of the API, and never one that looks like a file, because a page in place of a missing script hides the error.

Phones may keep the pages and what was read ([offline.md](../docs/offline.md)). Where they must not, the frame says so,
and in place of the worker that keeps them comes one that clears and ends itself.
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
_WORKER, _WORKER_OFF = "worker.js", "worker-off.js"
_FRAME = "index.html"
_KEEPS_NOTHING = b'<head><meta name="kept-on-phones" content="no" />'
_TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript; charset=utf-8"}
"""Of which not every system's table of types knows."""
_RESERVED = frozenset({"api", "-", "metrics"})
_HASHED = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.[a-z0-9]+(\.map)?$")


class Pages(StaticFiles):
    """The folder of built pages as an ASGI application."""

    def __init__(self, root: Path, *, kept_on_phones: bool = True) -> None:
        """Serve ``root``; it must hold ``index.html``. ``kept_on_phones``: phones may keep the pages and what was read.

        Raises:
            RuntimeError: if it does not.
        """
        if not (root / "index.html").is_file():
            raise RuntimeError(f"{root} holds no index.html; build the pages first (make web)")
        super().__init__(directory=root, html=False)
        self._kept_on_phones = kept_on_phones
        self._bare_frame = (root / _FRAME).read_bytes().replace(b"<head>", _KEEPS_NOTHING, 1)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, the page, or 404."""
        parts = PurePosixPath(path).parts
        if parts and parts[0].lower() in _RESERVED:
            raise HTTPException(404)
        if parts[:1] == ("e",) and (Path(str(self.directory)) / _STRANGERS).is_file():
            path, parts = _STRANGERS, ()
        if path == _WORKER and not self._kept_on_phones:
            path = _WORKER_OFF
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or PurePosixPath(path).suffix:
                raise
            response = await super().get_response(_FRAME, scope)
            path = _FRAME
        if path == _FRAME and not self._kept_on_phones:
            response = Response(self._bare_frame, media_type="text/html")
        if (known := _TYPES.get(PurePosixPath(path).suffix)) is not None:
            response.headers["Content-Type"] = known
        kept = parts[:1] == ("assets",) and _HASHED.search(path) is not None
        response.headers["Cache-Control"] = _FOR_EVER if kept else _FRESH
        return response
