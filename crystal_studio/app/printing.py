"""Printing in a process of its own: Qt wants the main thread, and stays out of the engine host and the command line.

Started as `python -m crystal_studio.app.printing FILE`, with the pickled document as its input.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

from crystal_studio.domain.document import Document
from crystal_studio.domain.errors import Unavailable

_SECONDS = 300
_CANNOT_WRITE = 3


class QtDocumentPrinter:
    """Implements `ports.document_printer.DocumentPrinter`."""

    def print_pdf(self, document: Document, out: Path) -> None:
        """Write it as PDF, A4.

        Raises:
            OSError: the file cannot be written.
            Unavailable: Qt cannot print here.
        """
        # PDF needs no display, and whichever there is may be another person's.
        command = (sys.executable, "-P", "-m", "crystal_studio.app.printing", str(out))
        surroundings = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        try:
            done = subprocess.run(
                command,
                input=pickle.dumps(document),
                capture_output=True,
                env=surroundings,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable("Printing took too long. Write the report as .html and print it in a browser.") from error
        if done.returncode == _CANNOT_WRITE:
            raise OSError(done.stderr.decode(errors="replace").strip()[-300:])
        if done.returncode:
            told = (done.stderr.decode(errors="replace").strip().splitlines() or ["no word"])[-1]
            raise Unavailable(
                f"Qt cannot print here ({told[:200]}). Write the report as .html and print it in a browser."
            )


def main() -> int:
    """Print the document on standard input."""
    from crystal_studio.host.lifeline import die_with_parent

    die_with_parent()
    document = pickle.load(sys.stdin.buffer)
    from PySide6.QtGui import QGuiApplication

    from crystal_studio.ui.report.pdf import CannotWrite, print_pdf

    application = QGuiApplication([])
    try:
        print_pdf(document, Path(sys.argv[1]))
    except CannotWrite as error:
        print(error, file=sys.stderr)  # noqa: T201 (the parent reads it)
        return _CANNOT_WRITE
    finally:
        application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
