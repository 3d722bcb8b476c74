"""What a message being typed will be understood as; the same rules as in the engine host, and quick."""

from __future__ import annotations

from dataclasses import dataclass, field

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Goal, Intent, Limits

MOST_CHARACTERS = 600  # what takes longer than a few milliseconds is heard by the engine host alone
# In the order of their need: imported one at a time, none holds up the window for long.
MODULES = tuple(
    f"crystal_studio.services.listen{part}"
    for part in (
        "_words", "_denial", "_elements", "_goals", "_structure", "_substitutes", "_exchange", "_whole", "_replacement",
        "_formulas", "_composition", "",
    )
)  # fmt: skip
_LONG = "Long messages are understood when they are sent."


@dataclass(frozen=True)
class Heard:
    """Limits and goals that will be in force, and what is unclear."""

    limits: Limits = field(default_factory=Limits)
    goals: tuple[Goal, ...] = ()
    hint: str = ""


def hear(text: str, parent: Node | None, most_characters: int = MOST_CHARACTERS) -> Heard:
    """Understand a message that answers a node; what cannot be understood is said in `hint`."""
    if parent is None and not text.strip():
        return Heard()
    before = parent.intent if parent is not None else Intent("")
    from crystal_studio.services.listen import ParentFacts, listen, merge  # its patterns take a while to compile

    hint = ""
    new = Intent("")
    if len(text) > most_characters:
        hint = _LONG
    elif text.strip():
        try:
            new = listen(text, _facts(parent, ParentFacts))
        except UserCorrectable as error:
            hint = str(error)
    whole = merge(before, new) if parent is not None else new
    return Heard(whole.limits, whole.goals, hint)


def _facts(parent: Node | None, facts: type) -> object | None:
    if parent is None:
        return None
    gap = parent.band_gap.value if parent.band_gap else None
    return facts(formula=parent.crystal.formula, space_group=parent.space_group.number, band_gap_ev=gap)
