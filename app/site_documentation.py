"""The page's interface as a document: ``python -m app.site_documentation`` writes ``site_openapi.json``.

The page's types are made from it (``npm run types``), so a changed answer is a compile error there.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from app.site_gate import Entrance
from app.site_server import SiteOptions, create_app
from app.site_shelf import SiteShelf
from app.site_work import SiteWork
from core.clock import SystemClock

FILE: Final = Path(__file__).with_name("site_openapi.json")


def openapi() -> dict[str, Any]:
    """The document; it does not depend on a session or a version."""
    with tempfile.TemporaryDirectory() as folder:
        options = SiteOptions(folder=Path(folder), program="1")
        work = SiteWork(options.folder, profiles={}, clock=SystemClock(), program=options.program)
        shelf = SiteShelf(work, None, SystemClock())
        document: dict[str, Any] = create_app(work, Entrance(False, lambda _: None), options, shelf).openapi()
    return document


def written(document: dict[str, Any]) -> str:
    """The document as its file."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write the file."""
    FILE.write_text(written(openapi()), encoding="utf-8")


if __name__ == "__main__":
    main()
