"""A reference library in memory that knows whole formulas."""

from __future__ import annotations

from pathlib import Path

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, ReferenceSet, SearchedSet
from crystal_studio.engines.fake.script import Script
from crystal_studio.ports.context import JobContext

_PROTOTYPES = ReferenceSet("prototypes", MatchKind.PROTOTYPE, 1, source="fake")


class FakeReferenceLibrary:
    """A file of formulas, one a line, makes a set; a crystal of a listed formula matches, whatever its structure.

    Attributes:
        script: answers to `search`, exceptions or stalls, one for each call.
    """

    def __init__(self) -> None:
        self.script: Script[Known] = Script()
        self._formulas: dict[str, tuple[str, ...]] = {}

    def search(self, crystal: Crystal) -> Known:
        """Sets that list the crystal's formula."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        searched = tuple(SearchedSet(one.name, one.kind, one.entries) for one in self.sets())
        matches = tuple(
            ReferenceMatch(name, str(formulas.index(crystal.formula) + 1), "", crystal.formula, 0.0)
            for name, formulas in self._formulas.items()
            if crystal.formula in formulas
        )
        return Known(searched, matches)

    def sets(self) -> tuple[ReferenceSet, ...]:
        """Every set."""
        imported = (ReferenceSet(name, MatchKind.COMPOUND, len(held)) for name, held in self._formulas.items())
        return (*imported, _PROTOTYPES)

    def import_set(self, source: str, name: str | None, context: JobContext) -> ReferenceSet:
        """Read a file of formulas."""
        path = Path(source)
        try:
            formulas = tuple(path.read_text(encoding="utf-8").split())
        except OSError as error:
            raise UserCorrectable(f"'{source}' cannot be read ({error.strerror}). Name another file.") from error
        if not formulas:
            raise UserCorrectable(f"'{source}' holds no crystal. Name another file.")
        context.check_cancelled()
        context.progress("importing", 1.0)
        self._formulas[name or path.stem] = formulas
        return next(one for one in self.sets() if one.name == (name or path.stem))

    def remove(self, name: str) -> None:
        """Forget a set."""
        if self._formulas.pop(name, None) is None:
            raise UserCorrectable(f"There is no imported set '{name}'. `crystal-studio references list` names them.")
