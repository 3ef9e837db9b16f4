"""Documents of facilities as they travel."""

from __future__ import annotations

from pydantic import Field

from api.models.base import Bilingual, Model, Number, TimeMs
from core.ports.documents import MOST_DOCUMENT_BYTES, MOST_DOCUMENTS


class RemovalView(Model):
    """Who took a document away, when and why."""

    time_ms: TimeMs
    by: Bilingual
    reason: str


class DocumentView(Model):
    """A document of a facility; its bytes are at `/facilities/{facility}/documents/{id}` as long as it is there."""

    id: Number
    name: str = Field(description="as people wrote it: text and nothing else")
    media_type: str = Field(examples=["application/pdf"], description="told from its bytes")
    size: int = Field(description="bytes")
    time_ms: TimeMs = Field(description="when it was added")
    by: Bilingual
    removed: RemovalView | None = Field(description="null: it is there")


class FacilityDocuments(Model):
    """The documents of a facility, and how many and how large they may be."""

    items: list[DocumentView] = Field(description="those that are there, the newest first")
    removed: list[DocumentView] = Field(description="those that were there, the newest first; their bytes are gone")
    most: int = Field(default=MOST_DOCUMENTS, description="so many a facility may have")
    most_bytes: int = Field(default=MOST_DOCUMENT_BYTES, description="so large one may be")


class DocumentRemoval(Model):
    """Why a document is taken away."""

    reason: str = Field(min_length=1, max_length=500, pattern=r"\S", examples=["of another pump"])
