"""Limits and goals as heard, with what the person changed by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_NAME, BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Goal, Limits, Quantity
from crystal_studio.domain.space_group_table import SYMBOLS
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.services.set_by_hand import sound_goals, sound_limits
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.hearing import Heard

_NOTHING = Limits()
_LIMIT_FIELDS = tuple(field.name for field in fields(Limits))
_WITHOUT_SCREWS = {symbol.replace("_", ""): number for number, symbol in reversed(list(enumerate(SYMBOLS, 1)))}


@dataclass(frozen=True)
class Chip:
    """One limit or goal in a few words.

    Attributes:
        key: field of `Limits`, or "goal 0", "goal 1", ...
        whole: all of it, for a tooltip.
        is_edited: whether the person set it by hand.
    """

    key: str
    text: str
    whole: str
    is_edited: bool


class LimitsDraft:
    """What was heard, field by field, unless the person has taken the field in hand."""

    def __init__(self) -> None:
        self._heard = Heard()
        self._limits: dict[str, object] = {}
        self._goals: dict[Quantity, tuple[Goal, ...]] = {}

    @property
    def limits(self) -> Limits:
        """Limits in force."""
        return replace(self._heard.limits, **self._limits)

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Goals in force."""
        heard = tuple(goal for goal in self._heard.goals if goal.quantity not in self._goals)
        return heard + tuple(goal for goals in self._goals.values() for goal in goals)

    @property
    def edited_limits(self) -> Limits | None:
        """Limits to send: None where all were heard."""
        return self.limits if self._limits else None

    @property
    def edited_goals(self) -> tuple[Goal, ...] | None:
        """Goals to send: None where all were heard."""
        return self.goals if self._goals else None

    @property
    def is_edited(self) -> bool:
        """Whether anything was changed by hand."""
        return bool(self._limits or self._goals)

    def hear(self, heard: Heard) -> None:
        """Take in what is heard now."""
        self._heard = heard

    def forget_edits(self) -> None:
        """Go back to what was heard."""
        self._limits.clear()
        self._goals.clear()

    def set_limit(self, name: str, value: object) -> None:
        """Set a field of the limits by hand."""
        if value == getattr(self._heard.limits, name):
            self._limits.pop(name, None)
        else:
            self._limits[name] = value

    def set_goals(self, quantity: Quantity, goals: tuple[Goal, ...]) -> None:
        """Set the goals for one quantity by hand."""
        if goals == tuple(goal for goal in self._heard.goals if goal.quantity is quantity):
            self._goals.pop(quantity, None)
        else:
            self._goals[quantity] = goals

    def goals_for(self, quantity: Quantity) -> tuple[Goal, ...]:
        """Goals in force for one quantity."""
        return tuple(goal for goal in self.goals if goal.quantity is quantity)

    def remove(self, key: str) -> None:
        """Take a limit or a goal away."""
        if key in _LIMIT_FIELDS:
            self.set_limit(key, getattr(_NOTHING, key))
            return
        goal = self.goals[int(key.removeprefix("goal "))]
        rest = tuple(one for one in self.goals_for(goal.quantity) if one is not goal)
        self.set_goals(goal.quantity, rest)

    def chips(self) -> list[Chip]:
        """Everything in force."""
        found = [
            Chip(name, text, whole, name in self._limits) for name, text, whole in wording.limit_lines(self.limits)
        ]
        for index, goal in enumerate(self.goals):
            text = wording.goal_line(goal)
            found.append(Chip(f"goal {index}", text, text, goal.quantity in self._goals))
        return found

    def problem(self) -> str:
        """What keeps the limits and goals in force from being met together, "" for nothing."""
        try:
            sound_limits(self.limits)
            sound_goals(self.goals)
        except UserCorrectable as error:
            return str(error)
        return ""


def read_elements(text: str) -> frozenset[str]:
    """Element symbols or names, separated by anything.

    Raises:
        UserCorrectable: a word is no element.
    """
    found = set()
    for word in re.split(r"[\s,;/+]+", text.strip()):
        if not word:
            continue
        element = BY_SYMBOL.get(word) or BY_SYMBOL.get(word.capitalize()) or BY_NAME.get(word.lower())
        if element is None:
            raise UserCorrectable(f"There is no element '{word[:20]}'. Write symbols or names, such as Sr or titanium.")
        found.add(element.symbol)
    return frozenset(found)


def read_formula(text: str) -> str | None:
    """A reduced formula; None for an empty text.

    Raises:
        UserCorrectable: not a formula.
    """
    return Composition.parse(text).formula if text.strip() else None


def read_space_group(text: str) -> int | None:
    """The number of a space group given by number or symbol; None for an empty text.

    Raises:
        UserCorrectable: no such group.
    """
    typed = re.sub(r"\s+", "", text)
    if not typed:
        return None
    if typed.isdigit():
        return SpaceGroup(int(typed[:6])).number
    return _WITHOUT_SCREWS.get(typed.replace("_", "")) or SpaceGroup.from_symbol(typed).number
