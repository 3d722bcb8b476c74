"""Running the shown node again from what is stored with it, and how the outcome stands to it."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.replayed import Replayed, Verdict
from crystal_studio.host.protocol import Failed
from crystal_studio.services.jobs import ReplayJob
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import breakable, number_text, unit_of
from crystal_studio.ui.session_state import SessionState
from crystal_studio.ui.sign import Sign, SignMark

_REMEMBERED = 200
_SIGNS = {Verdict.IDENTICAL: Sign.PASSED, Verdict.WITHIN_TOLERANCE: Sign.PASSED, Verdict.DIFFERENT: Sign.FAILED}
_HEADS = {
    Verdict.IDENTICAL: "Identical: the same crystal came out again",
    Verdict.WITHIN_TOLERANCE: "Within tolerance: the same crystal but for rounding",
    Verdict.DIFFERENT: "Different: another crystal came out",
}


def replayed_text(replayed: Replayed) -> str:
    """The verdict with its reasons and numbers, a line each."""
    lines = [f"{_HEADS[replayed.verdict]} ({number_text(replayed.seconds, 1)} s)."]
    lines += [f"Tolerance: {replayed.tolerance}"] if replayed.tolerance else []
    lines += [f"• {reason}" for reason in replayed.reasons]
    numbers = " · ".join(_number_text(key, value) for key, value in replayed.numbers.items())
    lines += [f"Largest differences: {numbers}"] if numbers else []
    return "\n".join(lines)


def _number_text(key: str, value: float) -> str:
    words, unit = unit_of(key)
    shown = f"{value:.3g}".replace("-", "−")
    return f"{words} {shown} {unit}".rstrip()


class ReplayView(QWidget):
    """The verdict on the node that is shown; verdicts are remembered while the window is open.

    Attributes:
        again, stop: buttons, to be laid where there is room for them.
    """

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("replay")
        self._state, self._jobs = state, jobs
        self._running: dict[str, str] = {}
        self._verdicts: OrderedDict[str, Replayed | str] = OrderedDict()
        self.again = QPushButton("&Run again and compare", self)
        self.again.setToolTip("Run this round again from what is stored with it. Nothing is added to the history.")
        self.stop = QPushButton("&Stop", self)
        self.stop.setAccessibleName("Stop running it again")
        self.sign = QWidget(self)
        self.text = QLabel(self, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self._lay_out()
        self.again.clicked.connect(self.run_again)
        self.stop.clicked.connect(self._stop)
        self._links = (
            (state.current_changed, self._show),
            (jobs.progressed, self._progress),
            (jobs.finished, self._finish),
            (jobs.failed, self._fail),
            (jobs.cancelled, self._end),
        )
        for signal, slot in self._links:
            signal.connect(slot)
        self._show(state.current)

    def run_again(self) -> None:
        """Queue the round of the node that is shown, unless it is on its way."""
        node = self._state.current
        if node is None or node.id in self._running.values():
            return
        self._verdicts.pop(node.id, None)
        try:
            job_id = self._jobs.submit(ReplayJob(self._state.path, node.id))
        except StudioError as error:
            self._keep(node.id, str(error))
        else:
            self._running[job_id] = node.id
        self._show(node)

    def close_view(self) -> None:
        """Listen no more."""
        for signal, slot in self._links:
            signal.disconnect(slot)

    def _lay_out(self) -> None:
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.text.setAccessibleName("Verdict on running it again")
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.text.setSizePolicy(policy)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(self.text, 1)

    def _show(self, node: Node | None) -> None:
        verdict = self._verdicts.get(node.id) if node is not None else None
        is_running = node is not None and node.id in self._running.values()
        self.again.setEnabled(node is not None and not is_running)
        self.stop.setVisible(is_running)
        if is_running:
            self._say("Waiting to run it again …", None)
        elif isinstance(verdict, Replayed):
            self._say(replayed_text(verdict), _SIGNS[verdict.verdict])
        else:
            self._say(verdict or "", None)

    def _say(self, text: str, sign: Sign | None) -> None:
        mark = SignMark(sign, self) if sign is not None else QWidget(self)
        self._row.replaceWidget(self.sign, mark)
        self.sign.hide()
        self.sign.deleteLater()
        self.sign = mark
        mark.setVisible(sign is not None)
        self.text.setText(breakable(text))
        self.setVisible(bool(text))

    def _stop(self) -> None:
        node = self._state.current
        for job_id, node_id in list(self._running.items()):
            if node is not None and node_id == node.id:
                self._jobs.cancel(job_id)

    def _progress(self, job_id: str, part: str, fraction: float, _message: str) -> None:
        current = self._state.current
        if current is not None and self._running.get(job_id) == current.id:
            self.text.setText(f"Running it again: {part}, {round(100 * fraction)} %")

    def _finish(self, job_id: str, result: object) -> None:
        if job_id in self._running and isinstance(result, Replayed):
            self._keep(self._running[job_id], result)
        self._end(job_id)

    def _fail(self, job_id: str, failed: Failed) -> None:
        if job_id in self._running:
            self._keep(self._running[job_id], f"It could not be run again. {failed.message}")
        self._end(job_id)

    def _end(self, job_id: str) -> None:
        if self._running.pop(job_id, None) is not None:
            self._show(self._state.current)

    def _keep(self, node_id: str, verdict: Replayed | str) -> None:
        self._verdicts[node_id] = verdict
        while len(self._verdicts) > _REMEMBERED:
            self._verdicts.popitem(last=False)
