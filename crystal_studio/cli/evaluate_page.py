"""Pages that an evaluation writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import Unavailable


def write_page(page: Path, text: str, figures: Mapping[str, Any]) -> None:
    """A page, and beside it its figures as JSON.

    Raises:
        Unavailable: they cannot be written.
    """
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        told = json.dumps(figures, ensure_ascii=False, indent=1)
        page.with_suffix(".json").write_text(told + "\n", encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"'{page}' cannot be written ({error.strerror}). Choose another with --page.") from error
