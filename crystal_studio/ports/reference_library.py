"""Sets of known crystals: imported once, then asked about every crystal."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.known import Known, ReferenceSet
from crystal_studio.ports.context import JobContext


class ReferenceLibrary(Protocol):
    """The reference sets of this person, and the prototypes that come with the program."""

    def search(self, crystal: Crystal) -> Known:
        """What the crystal matches; a set that cannot be searched is named among the problems, never raised."""

    def sets(self) -> tuple[ReferenceSet, ...]:
        """Every set, the shipped prototypes last.

        Raises:
            Unavailable: a set is damaged; says which, and what to do.
        """

    def import_set(self, source: str, name: str | None, context: JobContext) -> ReferenceSet:
        """Import a set; it appears complete or not at all, and one that is there unchanged is left as it is.

        Args:
            source: "amcsd", the wheel that holds it, a folder of crystal files, one such file, or a dump of crystals.
            name: what to call it; from the source where none is given.
            context: told the progress.

        Raises:
            UserCorrectable: nothing in the source can be used, or the name cannot.
            Unavailable: the source cannot be fetched, or the folder of the sets not written.
            JobCancelled: stopped; nothing was changed.
        """

    def remove(self, name: str) -> None:
        """Forget an imported set.

        Raises:
            UserCorrectable: there is no such set.
        """
