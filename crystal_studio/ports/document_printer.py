"""Documents on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from crystal_studio.domain.document import Document


class DocumentPrinter(Protocol):
    """Sets a document in pages."""

    def print_pdf(self, document: Document, out: Path) -> None:
        """Write it as PDF, A4.

        Raises:
            Unavailable: it cannot be printed on this machine; says what to do.
        """
