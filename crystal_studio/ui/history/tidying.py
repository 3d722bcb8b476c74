"""Undo, redo, hiding and compacting, as the actions of the window do them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.operation import Operation
from crystal_studio.services.jobs import CompactJob
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState

if TYPE_CHECKING:
    from crystal_studio.ui.actions import ActionSet
    from crystal_studio.ui.main_window import MainWindow

_LOOKED_BACK = 50
_LONGEST_TITLE = 50
_MEGABYTE = 1e6


def undoable(operations: Sequence[Operation]) -> Operation | None:
    """What undo takes back, of operations from the newest on."""
    return next((one for one in operations if not one.is_undone), None)


def redoable(operations: Sequence[Operation]) -> Operation | None:
    """What redo does again: of the operations that are undone, the one that was undone last."""
    return next((one for one in reversed(operations) if one.is_undone and not one.is_superseded), None)


def bytes_text(count: int) -> str:
    """A size as it is said to a person."""
    return f"{count / _MEGABYTE:,.1f} MB" if count >= _MEGABYTE / 10 else f"{count / 1000:,.0f} kB"


class Tidying(QObject):
    """Changes the project, and says what was changed.

    Args:
        state: the session.
        jobs: compact the file.
        say: shows a sentence for a while.
        complain: shows a sentence until it is closed.
        parent: Qt's.
    """

    def __init__(
        self,
        state: SessionState,
        jobs: JobRunner,
        say: Callable[[str], None],
        complain: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._jobs = state, jobs
        self._say, self._complain = say, complain
        self._compacting = ""
        self.undoable: Operation | None = None
        self.redoable: Operation | None = None
        self._look_back()
        state.operations_changed.connect(self._look_back)
        jobs.finished.connect(self._tell_won)

    def close_panel(self) -> None:
        """Listen no more."""
        self._state.operations_changed.disconnect(self._look_back)
        self._jobs.finished.disconnect(self._tell_won)

    def undo(self) -> None:
        """Take the newest operation back.

        Raises:
            StudioError: the project cannot be written to.
        """
        done = self._state.undo()
        self._say(f"Undone: {done.title}." if done else "There is nothing to undo.")

    def redo(self) -> None:
        """Do what was undone last again.

        Raises:
            StudioError: the project cannot be written to.
        """
        done = self._state.redo()
        self._say(f"Done again: {done.title}." if done else "There is nothing to do again.")

    def compact(self) -> None:
        """Ask a host to compact the file; how much was won is said when it is done.

        Raises:
            StudioError: the job is not accepted.
        """
        self._compacting = self._jobs.submit(CompactJob(self._state.path))
        self._say("Compacting the project …")

    def name(self, actions: ActionSet) -> None:
        """Let the menu say what would be undone and done again."""
        for action_id, word, operation in (
            ("history.undo", "&Undo", self.undoable),
            ("history.redo", "&Redo", self.redoable),
        ):
            title = operation.title[:_LONGEST_TITLE].replace("&", "&&") if operation else ""
            actions[action_id].setText(f"{word}: {title}" if title else word)

    def _look_back(self) -> None:
        try:
            operations = self._state.operations(_LOOKED_BACK)
        except StudioError as error:
            self._complain(str(error))
            return
        self.undoable, self.redoable = undoable(operations), redoable(operations)

    def _tell_won(self, job_id: str, result: object) -> None:
        if job_id == self._compacting and isinstance(result, int):
            self._say(f"Compacted: {bytes_text(result)} won." if result > 0 else "Nothing could be won.")


def tidying_slots(window: MainWindow) -> dict[str, Callable[[], None]]:
    """Id of an action -> what it does."""
    return {
        "history.undo": window.tidying.undo,
        "history.redo": window.tidying.redo,
        "project.compact": window.tidying.compact,
        "node.hide": lambda: _hide_current(window),
        "sheet.new": lambda: _open_sheet_dialog(window),
    }


def _hide_current(window: MainWindow) -> None:
    current = window.state.current
    if current is not None:
        window.docks["tree"].hide_node(current.id)


def _open_sheet_dialog(window: MainWindow) -> None:
    current = window.state.current
    window.docks["sheet"].ask(current.id if current is not None else None, window.docks["chat"].composer.text)
    window.docks.show("sheet")
