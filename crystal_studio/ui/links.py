"""What the panels and the 3D view tell each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from crystal_studio.ui.commands import Commands
    from crystal_studio.ui.docks import Docks
    from crystal_studio.ui.viewer.viewer import CrystalViewer


def link_with_viewer(name: str, panel: QWidget, viewer: CrystalViewer) -> None:
    """Connect one panel with the 3D view; to be called once for each pair, when both are there."""
    if name == "chat":
        panel.frames_arrived.connect(viewer.show_live)
    elif name == "sites":
        viewer.picks_changed.connect(panel.show_picks)
        panel.sites_selected.connect(viewer.select_sites)
    elif name == "symmetry":
        panel.sites_selected.connect(viewer.select_sites)
    elif name == "measurements":
        # What is measured is the image that was clicked, not the closest one of its site.
        viewer.picks_changed.connect(lambda _sites: panel.show_picks(viewer.picked_images))


def link_with_comparison(panel: QWidget, commands: Commands) -> None:
    """Let a panel compare nodes: by its signals `compare_asked` (list of ids) and `comparison_grown` (id), if any."""
    if hasattr(panel, "compare_asked"):
        panel.compare_asked.connect(commands.compare)
    if hasattr(panel, "comparison_grown"):
        panel.comparison_grown.connect(commands.add_to_comparison)


def link_panels(docks: Docks) -> None:
    """Connect chat and tree with each other: branching from a node goes on in the message box."""
    docks["tree"].branch_requested.connect(lambda _node_id: docks.show("chat"))
    docks["tree"].sheet_requested.connect(lambda node_id: _ask_for_sheet(docks, node_id))


def _ask_for_sheet(docks: Docks, node_id: str) -> None:
    docks.show("sheet")
    docks["sheet"].ask(node_id)
