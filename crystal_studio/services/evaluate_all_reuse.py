"""Work that was done before: the rows of a journal of `evaluate csp` that hold what a part needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.services.evaluate_all import Part
from crystal_studio.services.evaluate_csp import CspSettings

_ALWAYS = ("seed", "strength")
_RANKED = ("draws",)
_RELAXED = ("relax_best", "relax_steps")


def read_journal(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Settings and outcomes by row of a journal that may still be written; empty where it is none of ours."""
    outcomes: dict[str, dict[str, Any]] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            settings = dict(json.loads(lines.readline())["settings"])
            for line in lines:
                if line.endswith("\n"):  # the last one may be half written
                    outcome = json.loads(line)
                    outcomes[outcome["id"]] = outcome
    except (OSError, ValueError, KeyError, TypeError):
        return {}, {}
    return settings, outcomes


def outcomes_for(part: Part, header: Mapping[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    """Outcomes by row that the part may take as its own; none unless they were measured in the same way."""
    if not isinstance(part.settings, CspSettings) or not path.is_file():
        return {}
    settings, outcomes = read_journal(path)
    return outcomes if holds(settings, header, part.settings) else {}


def holds(found: Mapping[str, Any], header: Mapping[str, Any], wanted: CspSettings) -> bool:
    """Whether a journal of `evaluate csp` has the columns and starts of a part, by the same models and numbers."""
    if found.get("kind") != "csp" or found.get("data") != header["data"]:
        return False
    names = [*_ALWAYS]
    names += _RANKED if set(wanted.columns) & {"B", "C"} else ()
    names += _RELAXED if "C" in wanted.columns else ()
    models = found.get("models", {})
    return (
        set(wanted.columns) <= set(found.get("columns", ()))
        and set(wanted.starts) <= set(found.get("starts", ()))
        and all(found.get(name) == header[name] for name in names)
        and all(models.get(kind) == identity for kind, identity in header["models"].items())
    )
