"""The frames of a round, kept while they pass by."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from crystal_studio.domain.trajectory import Frame
from crystal_studio.ports.context import JobContext

FRAMES = "frames"
NOTICE = "notice"
CRYSTAL_TEXT = "crystal_text"  # what a language model writes of a crystal, a piece at a time


class TrajectoryKeeper:
    """A job context that hands everything on and keeps every frame, draws counted over the whole round.

    Attributes:
        drawn: draws of the batches finished so far; a sampler counts from zero in each of its calls.
        notices: sentences of the engines on how they had to work, each once.
    """

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._frames: defaultdict[int, list[Frame]] = defaultdict(list)
        self.drawn = 0
        self.notices: list[str] = []

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Handed on."""
        self._context.progress(part, fraction, message)

    def partial(self, kind: str, payload: object) -> None:
        """Handed on; frames are renumbered and kept, notices are kept."""
        if kind == FRAMES and isinstance(payload, tuple):
            payload = tuple(replace(frame, draw=frame.draw + self.drawn) for frame in payload)
            for frame in payload:
                self._keep(frame)
        if kind == NOTICE and str(payload) not in self.notices:
            self.notices.append(str(payload))
        self._context.partial(kind, payload)

    def _keep(self, frame: Frame) -> None:
        """What came before a draw began again, refused or out of memory, is not the way to its crystal."""
        kept = self._frames[frame.draw]
        if kept and frame.step == kept[-1].step:
            kept.pop()  # told once more
        elif kept and frame.step < kept[-1].step:
            kept.clear()
        kept.append(frame)

    def check_cancelled(self) -> None:
        """Handed on.

        Raises:
            JobCancelled: the person has stopped the job.
        """
        self._context.check_cancelled()

    def frames(self, draw: int | None) -> tuple[Frame, ...]:
        """Frames of one draw of the round, in order; empty for None or where the sampler handed out none."""
        return tuple(self._frames.get(draw, ())) if draw is not None else ()
