"""What somebody drops on the window of models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

PACKED_ENDING = ".tar"


@dataclass(frozen=True)
class BroughtModel:
    """A folder or a file.

    Attributes:
        source: where it lies, None where it cannot be taken.
        refusal: what is wrong with it, "" for nothing.
    """

    source: Path | None = None
    refusal: str = ""

    @property
    def is_packed(self) -> bool:
        """Whether it was written by *Pack*."""
        return self.source is not None and self.source.name.lower().endswith(PACKED_ENDING)

    @property
    def invitation(self) -> str:
        """What will happen to it, in a sentence."""
        if self.source is None:
            return self.refusal
        if self.is_packed:
            return f"Install the models that are packed in {self.source.name}"
        return f"See what importing {self.source.name or self.source} would do"


def brought_model(mime: QMimeData) -> BroughtModel | None:
    """What a drag holds for the window; None where it is none of its business."""
    if not mime.hasUrls():
        return None
    places = [url.toLocalFile() for url in mime.urls()]
    if not all(places):
        return BroughtModel(refusal="Nothing is fetched from the network. Save it to a folder first, then bring that.")
    if len(places) > 1:
        return BroughtModel(refusal="Bring one folder or one file at a time: a model with several files is a folder.")
    return BroughtModel(Path(places[0]))
