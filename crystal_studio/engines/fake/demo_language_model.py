"""A language model for a demonstration: it looks for a few words, and names a compound that it knows."""

from __future__ import annotations

import re

import numpy as np

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, headline, parse_pivot
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.fake_predictor import FakePredictor
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.scripted_language_model import ScriptedLanguageModel
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.ports.prototype_library import CompoundIdea

_WIDE = re.compile(r"\b(wide|wider|large|larger|high|higher|insulat\w+|transparent|increase\w*|dielectric)\b", re.I)
_NARROW = re.compile(r"\b(narrow\w*|small\w*|low|lower|metal\w*|conduct\w+|absorb\w*|decrease\w*|reduce\w*)\b", re.I)
_METAL = re.compile(r"\b(metal|metals|metallic)\b", re.I)
_METALLIC = "Copper"  # the one prototype of the demonstration that only metals have
_IDEAS = 200


class DemoLanguageModel(ScriptedLanguageModel):
    """Writes headlines of compounds of a prototype library that meet the limits, the widest or narrowest gaps first."""

    identity = "demonstration"

    def __init__(self, prototypes: FakePrototypeLibrary) -> None:
        super().__init__()
        self._prototypes = prototypes
        self._predictor = FakePredictor()

    def write_pivots(self, task: WritingTask, count: int, seed: int, context: JobContext) -> list[str]:
        """Several texts, best first; the parent's compound only where nothing else is allowed.

        Raises:
            JobCancelled: stopped between two words.
        """
        texts = self._named(task) or self._found(task, seed)
        if texts:
            self.enqueue([texts[:count]])
        return super().write_pivots(task, count, seed, context)

    def _named(self, task: WritingTask) -> list[str]:
        """A formula that the message names, in its prototypes."""
        if not task.limits.formula:
            return []
        formula = task.limits.formula
        decorated = self._prototypes.decorate(
            Composition.parse(formula), 4, space_group=task.limits.space_group, prototype=task.limits.prototype
        )
        return [headline(formula, SpaceGroup(one.space_group), one.prototype) for one in decorated]

    def _found(self, task: WritingTask, seed: int) -> list[str]:
        parent = _formula(task.description)
        near = Composition.parse(parent) if parent else None
        ideas = self._prototypes.ideas(task.limits, (), _IDEAS, near=near)
        others = [idea for idea in ideas if idea.formula != parent] or ideas
        ranked = self._ranked(others, task.message or "", seed)
        return [headline(idea.formula, SpaceGroup(idea.space_group), idea.prototype) for idea in ranked]

    def _ranked(self, ideas: list[CompoundIdea], message: str, seed: int) -> list[CompoundIdea]:
        """By gap where the message speaks of it, else in a random order; what is like the parent first."""
        sign = bool(_NARROW.search(message)) - bool(_WIDE.search(message))
        shuffled = [ideas[index] for index in np.random.default_rng(seed).permutation(len(ideas))]
        if _METAL.search(message):
            shuffled = [idea for idea in shuffled if idea.prototype == _METALLIC] or shuffled
        return sorted(shuffled, key=lambda idea: (-idea.score, sign * self._gap_ev(idea)))

    def _gap_ev(self, idea: CompoundIdea) -> float:
        decorated = self._prototypes.decorate(Composition.parse(idea.formula), 1, space_group=idea.space_group)
        return self._predictor.predict([decorated[0].crystal])[0].value if decorated else 0.0


def _formula(description: str | None) -> str | None:
    try:
        return parse_pivot(description, strict=False).composition.formula if description else None
    except PivotSyntaxError:
        return None
