"""What a row of the design tree says of its node."""

from __future__ import annotations

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.notation import MISSING, formula_text, number_text, one_line, space_group_text, with_unit

_UNSAID, _IMPORTED = "(driven by the predicted values)", "(read from a file)"


def title(outline: NodeOutline, mark: Mark) -> str:
    """The given name, or the formula."""
    return one_line(mark.name) or formula_text(outline.formula)


def facts(outline: NodeOutline, mark: Mark) -> str:
    """Formula where a name hides it, space group, gap and energy above the hull."""
    parts = [formula_text(outline.formula)] if mark.name else []
    parts += [space_group_text(outline.space_group), f"gap {with_unit(outline.band_gap_ev, 'eV')}"]
    if (hull := number_text(outline.e_above_hull_ev)) != MISSING:
        parts.append(f"hull {hull} eV/atom")
    return " · ".join(parts)


def message(outline: NodeOutline) -> str:
    """What the person wrote, in one line."""
    return one_line(outline.message[:400]) or (_IMPORTED if outline.start == Start.FILE else _UNSAID)


def origin(outline: NodeOutline) -> str:
    """Strength, or that it was written; seed and the model that wrote the pivot."""
    if outline.start == Start.FILE:
        return "imported"
    drawn = "written" if outline.start == Start.WRITTEN else f"α {number_text(outline.strength)}"
    parts = [drawn, f"seed {outline.seed}"]
    return " · ".join([*parts, *([model_name(outline.language_model)] if outline.language_model else [])])


def model_name(identity: str) -> str:
    """The id of "id@fingerprint"."""
    return one_line(identity.partition("@")[0])


def row_summary(outline: NodeOutline, mark: Mark, siblings: tuple[int, int]) -> str:
    """Everything in a few lines: for the tool tip and for screen readers."""
    place, count = siblings
    lines = [
        f"{title(outline, mark)}{', starred' if mark.starred else ''}",
        f"{formula_text(outline.formula)}, {space_group_text(outline.space_group)} (No. {outline.space_group})",
        f"band gap {with_unit(outline.band_gap_ev, 'eV')} (PBE)",
        f"energy above the hull {with_unit(outline.e_above_hull_ev, 'eV/atom', 3)}",
        "valid: every required check passed" if outline.valid else "not valid: a required check failed",
        f"round {outline.round}, {_made(outline)}",
    ]
    if count > 1:
        lines.append(f"answer {place} of {count} to the same node")
    lines.append(f"message: {message(outline)[:300]}")
    if mark.note:
        lines.append(f"note: {mark.note[:300]}")
    return "\n".join([*lines, outline.created.replace("T", " ").replace("+00:00", " UTC")])


def _made(outline: NodeOutline) -> str:
    if outline.start == Start.FILE:
        return "imported"
    if outline.start == Start.WRITTEN:
        drawn = f"seed {outline.seed}, {Start.WRITTEN.words}"
    else:
        drawn = f"strength {number_text(outline.strength)}, seed {outline.seed}, from {outline.start}"
    return f"{drawn}\npivot by {_author(outline)}"


def _author(outline: NodeOutline) -> str:
    named = f" ({one_line(outline.language_model)})" if outline.language_model else ""
    return f"{outline.pivot_source}{named}"
