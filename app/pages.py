"""Where the built pages are."""

from __future__ import annotations

from pathlib import Path

from app.settings import Settings


def web_root(settings: Settings) -> Path | None:
    """Where the built pages are: as set, else beside this checkout; ``None`` when they were never built."""
    if settings.api.web_root is not None:
        return settings.api.web_root
    built = Path(__file__).resolve().parents[1] / "web" / "dist"
    return built if (built / "index.html").is_file() else None


def site_root() -> Path | None:
    """Where the technician's page is: beside this checkout; ``None`` when it was never built."""
    built = Path(__file__).resolve().parents[1] / "web" / "dist-site"
    return built if (built / "index.html").is_file() else None
