"""The report of a branch as a file: HTML or PDF, by its ending."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.document_printer import DocumentPrinter
from crystal_studio.services.report import Branch, ReportTools, branch_document
from crystal_studio.services.report_html import to_html

MOST_ROUNDS = 200
_HTML, _PDF = (".html", ".htm"), ".pdf"


def write_report(branch: Branch, out: Path, tools: ReportTools, printer: DocumentPrinter, context: JobContext) -> Path:
    """Write the path from a root to a node; a file that is there is replaced when the new one is whole.

    Args:
        branch: what is reported on.
        out: the file.
        tools: what the report is made with.
        printer: prints PDF.
        context: told the progress.

    Raises:
        UserCorrectable: another ending, a path too long, or the file cannot be written.
        Unavailable: PDF cannot be printed on this machine.
        JobCancelled: stopped; nothing was written.
    """
    check_report_file(out)
    rounds = len(branch.nodes)
    if rounds > MOST_ROUNDS:
        raise UserCorrectable(f"A report shows up to {MOST_ROUNDS} rounds, not {rounds}. Choose an earlier node.")
    document = branch_document(branch, tools, context, datetime.now(UTC).date().isoformat())
    context.check_cancelled()
    context.progress("report", 1.0, "writing")
    with _replacing(out) as part:
        if out.suffix.lower() == _PDF:
            printer.print_pdf(document, part)
        else:
            part.write_text(to_html(document), encoding="utf-8")
    return out


def check_report_file(out: Path) -> None:
    """Refuse a file that cannot be a report, before any work is done.

    Raises:
        UserCorrectable: its ending is another, or its folder is missing.
    """
    if out.suffix.lower() not in (*_HTML, _PDF):
        raise UserCorrectable(f"'{out.name[-40:]}' is neither .html nor .pdf. Give the report one of these endings.")
    if not out.parent.is_dir():
        raise UserCorrectable(f"The folder {out.parent} does not exist. Make it, or choose another.")


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A file beside `out` that takes its place in the end."""
    part = out.with_name(out.name + ".part")
    try:
        yield part
        os.replace(part, out)
    except OSError as error:
        raise UserCorrectable(f"{out} cannot be written ({error.strerror or error}). Choose another file.") from error
    finally:
        part.unlink(missing_ok=True)
