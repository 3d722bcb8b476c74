"""What the actions of exchange do; their module is imported when the first of them is taken."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crystal_studio.ui.main_window import MainWindow

# Id of an action -> the method of `Exchange` that does it.
_WAYS = {
    "crystals.import": "importing.choose_files",
    "crystals.import_folder": "importing.choose_folder",
    "crystals.paste": "paste",
    "crystals.export": "exporting.choose",
    "crystals.copy_cif": "exporting.copy_cif",
    "branch.report": "exporting.report",
    "bundle.save": "bundling.save",
    "bundle.open": "bundling.choose",
    "node.replay": "run_again",
    "node.provenance": "copy_provenance",
}


def exchange_slots(window: MainWindow) -> dict[str, Callable[[], None]]:
    """Id of an action -> what it does."""
    return {action: lambda way=way: attrgetter(way)(window.exchange())() for action, way in _WAYS.items()}
