"""What the chat says of a node, a job and a strength, as plain text."""

from __future__ import annotations

from collections.abc import Mapping

from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.known import Known, MatchKind
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult
from crystal_studio.ui import notation

# Characters that move, hide or reverse the text around them, so that a message could show other than what it says.
_DECEPTIVE = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(9), *range(11, 32), 0x7F])
_PARTS = {
    "loading": "loading models",
    "writing": "writing the description",
    "sampling": "sampling",
    "checking": "checking",
    "relaxing": "relaxing",
    "describing": "describing the crystal",
}
_STRENGTHS = (
    (0.12, "barely touched: atoms settle, the arrangement stays"),
    (0.3, "refined: atoms and cell may move, the structure type usually stays"),
    (0.55, "reworked: parts of the arrangement may change"),
    (0.8, "mostly new: only a memory of the start is left"),
    (1.0, "from scratch: nothing of the start is kept"),
)
_ENGINES = {
    SamplingEngine.DIFFUSION: "Denoises the answered crystal, known prototypes and pure noise.",
    SamplingEngine.CRYSTEXT: "Writes every crystal atom by atom, as a text, from its formula and space group.",
    SamplingEngine.BOTH: "Half of the candidates each; the better crystal wins.",
}
_QUANTITIES = {
    Quantity.BAND_GAP: ("band gap", "eV"),
    Quantity.UNIT_DISTANCE: ("distance between units", "Å"),
    Quantity.VOLUME: ("volume", "Å³ an atom"),
    Quantity.DENSITY: ("density", "g/cm³"),
    Quantity.ENERGY: ("energy", "eV/atom"),
}
_DIRECTIONS = {
    Direction.HIGHER: "higher",
    Direction.LOWER: "lower",
    Direction.AT_LEAST: "at least",
    Direction.AT_MOST: "at most",
    Direction.NEAR: "near",
}
_AUTHORS = {
    PivotSource.PERSON.value: "your own text",
    PivotSource.DRAFT.value: "draft from prototypes",
    PivotSource.DESCRIBED.value: "its own description",
}
_MANY_ELEMENTS = 6


def shown(text: str) -> str:
    """Text as it may be shown: without control characters and without marks that reorder or hide other text."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_DECEPTIVE)


def plain_tooltip(text: str) -> str:
    """Text for a tooltip, which Qt would otherwise read as markup where it looks like it."""
    return notation.plain_tooltip(shown(text[:4000]))


def button_text(text: str) -> str:
    """Text for a button, in which an ampersand is no mnemonic."""
    return shown(text).replace("&", "&&")


def shortened(text: str, length: int) -> str:
    """One line of at most so many characters."""
    line = " ".join(shown(text[: length * 4]).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def last_lines(text: str, most: int) -> str:
    """The end of a text, at most so many lines."""
    return "\n".join(text.split("\n")[-most:])


def subscripted(formula: str) -> str:
    """A formula with its amounts as subscript characters."""
    return notation.formula_text(shown(formula))


def group_line(number: int) -> str:
    """Symbol and number of a space group."""
    return f"{notation.space_group_text(number)} ({number}), {SpaceGroup(number).crystal_system}"


def measured_line(found: Measured, of: str = "") -> str:
    """A value with its 95 % interval, or with its sigma where the interval is unknown; `of` says what it is of."""
    digits = 2 if found.unit == "eV" else 3
    if found.low is not None and found.high is not None:
        spread = f" ({notation.number_text(found.low, digits)} to {notation.number_text(found.high, digits)})"
    else:
        spread = f" ± {notation.number_text(found.sigma, digits)}"
    strange = "" if found.in_distribution else ", unlike the training data"
    return f"{notation.with_unit(found.value, found.unit, digits)}{of and f' {of}'}{spread}{strange}"


def checks_line(checks: tuple[CheckResult, ...]) -> tuple[str, str]:
    """A verdict on all checks in one line, and its tone."""
    if not checks:
        return "? not checked", "warning"
    broken = [check for check in checks if check.passed is False]
    required = [check.name for check in broken if check.required]
    if required:
        return f"✗ fails {_listed(required)}", "bad"
    if broken:
        return f"! valid, but flagged: {_listed([check.name for check in broken])}", "warning"
    open_ones = sum(check.passed is None for check in checks)
    undecided = f", {open_ones} undecided" if open_ones else ""
    return f"✓ {len(checks) - open_ones} of {len(checks)} checks passed{undecided}", "good"


def known_line(known: Known | None) -> str:
    """Whether a crystal is known, in a few words."""
    if known is None:
        return "not looked up"
    if known.compounds:
        first = known.compounds[0]
        return f"known: {first.name or first.formula} ({first.reference_set})"
    sets = [one.name for one in known.searched if one.kind is MatchKind.COMPOUND]
    kind = f", structure type {known.prototypes[0].name or known.prototypes[0].formula}" if known.prototypes else ""
    return f"new to {_listed(sets)}{kind}" if sets else f"no set of known crystals to look in{kind}"


def author_line(outline: NodeOutline) -> str:
    """Who wrote the pivot: a model's name, the person, or nobody."""
    if outline.pivot_source in _AUTHORS:
        return _AUTHORS[outline.pivot_source]
    return shown(outline.language_model.partition("@")[0]) or "no language model"


def seconds_line(seconds: Mapping[str, float]) -> str:
    """Total time of a round."""
    total = sum(seconds.values())
    return f"{total:.0f} s" if total >= 10 else f"{total:.1f} s"


def part_line(part: str, fraction: float, note: str) -> str:
    """What a job is doing."""
    words = _PARTS.get(part, shown(part) or "starting")
    if note:
        return f"{words} {shortened(note, 60)}"
    return f"{words}, {fraction:.0%}" if 0 < fraction < 1 else words


def duration_left(elapsed_s: float, fraction: float) -> str:
    """How long a part will still take, where it can be said."""
    if fraction < 0.05 or elapsed_s < 1 or fraction >= 1:
        return ""
    left = elapsed_s * (1 - fraction) / fraction
    return f"about {left:.0f} s left" if left < 90 else f"about {left / 60:.0f} min left"


def strength_line(strength: float, has_parent: bool, engine: SamplingEngine = SamplingEngine.DIFFUSION) -> str:
    """What a denoising strength does."""
    if engine is SamplingEngine.CRYSTEXT:
        return "Not used: the language model writes every crystal anew."
    words = next(words for limit, words in _STRENGTHS if strength <= limit + 1e-9)
    start = "the answered crystal" if has_parent else "the prototypes that a first wish starts from"
    return f"{words}. Applies to {start}."


def engine_line(engine: SamplingEngine) -> str:
    """How an engine draws."""
    return _ENGINES[engine]


def elements_line(elements: frozenset[str]) -> str:
    """Element symbols, the first few of many."""
    names = sorted(elements)
    if len(names) <= _MANY_ELEMENTS:
        return ", ".join(names)
    return f"{', '.join(names[: _MANY_ELEMENTS - 2])} and {len(names) - _MANY_ELEMENTS + 2} more"


def goal_line(goal: Goal) -> str:
    """A goal."""
    name, unit = _QUANTITIES[goal.quantity]
    target = "" if goal.target is None else f" {goal.target:g} {unit}"
    return f"{name} {_DIRECTIONS[goal.direction]}{target}"


def limit_lines(limits: Limits) -> list[tuple[str, str, str]]:
    """Each limit that is set: name of its field, words, and all of it for a tooltip."""
    found: list[tuple[str, str, str]] = []

    def add(name: str, words: str, whole: str = "") -> None:
        found.append((name, words, whole or words))

    if limits.formula:
        add("formula", f"formula {subscripted(limits.formula)}")
    if limits.required:
        add("required", f"with {elements_line(limits.required)}", ", ".join(sorted(limits.required)))
    if limits.any_of:
        groups = [f"one of {elements_line(group)}" for group in limits.any_of]
        add("any_of", "; ".join(groups), "; ".join(", ".join(sorted(group)) for group in limits.any_of))
    if limits.excluded:
        add("excluded", f"without {elements_line(limits.excluded)}", ", ".join(sorted(limits.excluded)))
    if limits.allowed:
        add("allowed", f"only {elements_line(limits.allowed)}", ", ".join(sorted(limits.allowed)))
    if limits.replaced:
        swaps = [f"{old} replaced by {elements_line(new)}" for old, new in limits.replaced]
        add("replaced", "; ".join(swaps), "; ".join(f"{old}: {', '.join(sorted(new))}" for old, new in limits.replaced))
    if limits.anonymous:
        add("anonymous", f"amounts {' : '.join(map(str, limits.anonymous))}")
    return found + _structure_lines(limits)


def _structure_lines(limits: Limits) -> list[tuple[str, str, str]]:
    found = [
        ("space_group", f"space group {notation.space_group_text(limits.space_group)}" if limits.space_group else ""),
        ("crystal_system", limits.crystal_system or ""),
        ("excluded_systems", f"not {' or '.join(sorted(limits.excluded_systems))}" if limits.excluded_systems else ""),
        ("symmetry_class", limits.symmetry_class or ""),
        ("dimensionality", "" if limits.dimensionality is None else f"{limits.dimensionality}-dimensional"),
        ("prototype", limits.prototype or ""),
        ("num_elements", f"{limits.num_elements} elements" if limits.num_elements else ""),
        ("max_atoms", f"at most {limits.max_atoms} atoms" if limits.max_atoms else ""),
    ]
    return [(name, words, words) for name, words in found if words]


def _listed(names: list[str]) -> str:
    readable = [shown(name).replace("_", " ") for name in names]
    return ", ".join(readable[:3]) + (f" and {len(readable) - 3} more" if len(readable) > 3 else "")
