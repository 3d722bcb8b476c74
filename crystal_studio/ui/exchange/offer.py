"""What somebody drops on the window or pastes into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData

from crystal_studio.ui.exchange.recognise import LONGEST_TEXT, kind_of

BUNDLE_ENDING, PROJECT_ENDING = ".zip", ".cstudio"
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Offer:
    """At most one of the first four is there; `refusal` says why none is.

    Attributes:
        files: files and folders to import.
        text: a crystal as text.
        bundle: a zip file.
        project: a project file.
        refusal: what is wrong with it, "" for nothing.
    """

    files: tuple[Path, ...] = ()
    text: str = ""
    bundle: Path | None = None
    project: Path | None = None
    refusal: str = ""

    @property
    def invitation(self) -> str:
        """What will happen to it, in a sentence."""
        if self.bundle is not None:
            return f"Open or merge the bundle {self.bundle.name}"
        if self.project is not None:
            return f"Open the project {self.project.name}"
        if self.text:
            return f"Import {kind_of(self.text) or 'the text'}"
        return self.refusal or f"Import {named(self.files)}"


def offer_of(mime: QMimeData) -> Offer | None:
    """What a clipboard or a drag holds for us; None where it is none of our business."""
    if mime.hasUrls():
        places = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
        if len(places) < len(mime.urls()):
            return Offer(refusal="Only files of this computer can be imported. Save it to a folder first.")
        return _of_files([Path(place) for place in places])
    if not mime.hasText():
        return None
    return offer_of_text(mime.text())


def offer_of_text(text: str) -> Offer | None:
    """A text, where it is a crystal."""
    if kind_of(text) is None:
        return None
    if len(text) > LONGEST_TEXT:
        return Offer(
            refusal=f"This text has {len(text):,} characters, and at most {LONGEST_TEXT:,} can be pasted. "
            "Save it as a file and import that."
        )
    return Offer(text=text)


def named(files: Sequence[Path]) -> str:
    """Some files in a few words."""
    names = ", ".join(one.name or str(one) for one in files[:_NAMES_SHOWN])
    return names if len(files) <= _NAMES_SHOWN else f"{names} and {len(files) - _NAMES_SHOWN} more"


def _of_files(files: list[Path]) -> Offer | None:
    special = [one for one in files if one.suffix.lower() in (BUNDLE_ENDING, PROJECT_ENDING)]
    if not special:
        return Offer(files=tuple(files)) if files else None
    if len(files) > 1:
        return Offer(refusal=f"{special[0].name} holds a whole project. Bring it alone, without other files.")
    if special[0].suffix.lower() == BUNDLE_ENDING:
        return Offer(bundle=special[0])
    return Offer(project=special[0])
