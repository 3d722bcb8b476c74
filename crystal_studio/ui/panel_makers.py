"""How each panel is made; its module is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from PySide6.QtWidgets import QWidget

from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState

# Name of the dock -> where the class of its panel is. Plots and their library load with the panels that draw them.
CLASSES = {
    "tree": "crystal_studio.ui.history.tree_panel:TreePanel",
    "queue": "crystal_studio.ui.history.queue_panel:QueuePanel",
    "chat": "crystal_studio.ui.chat.chat_panel:ChatPanel",
    "pivot": "crystal_studio.ui.chat.pivot_panel:PivotPanel",
    "candidates": "crystal_studio.ui.history.candidates_panel:CandidatesPanel",
    "sheet": "crystal_studio.ui.history.sheet_panel:SheetPanel",
    "validity": "crystal_studio.ui.panels.validity_panel:ValidityPanel",
    "gap": "crystal_studio.ui.panels.gap_panel:GapPanel",
    "stability": "crystal_studio.ui.panels.stability_panel:StabilityPanel",
    "details": "crystal_studio.ui.panels.details_panel:DetailsPanel",
    "changes": "crystal_studio.ui.compare.changes_panel:ChangesPanel",
    "branch": "crystal_studio.ui.compare.branch_panel:BranchPanel",
    "symmetry": "crystal_studio.ui.panels.symmetry_panel:SymmetryPanel",
    "sites": "crystal_studio.ui.panels.sites_panel:SitesPanel",
    "measurements": "crystal_studio.ui.panels.measurement_panel:MeasurementPanel",
    "powder": "crystal_studio.ui.panels.powder_panel:PowderPanel",
}


def panel_makers(state: SessionState, jobs: JobRunner) -> dict[str, Callable[[], QWidget]]:
    """Name of the dock -> a function that makes its panel."""

    def maker(place: str) -> Callable[[], QWidget]:
        def make() -> QWidget:
            module, _, name = place.partition(":")
            made: QWidget = getattr(import_module(module), name)(state, jobs)
            return made

        return make

    return {name: maker(place) for name, place in CLASSES.items()}
