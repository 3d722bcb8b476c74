"""What those who watch get to see while crystals are written: the text, and the atoms so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.chem import short_cif
from crystal_studio.engines.llm.decoding import Row
from crystal_studio.ports.context import JobContext

_LINES_BEFORE_SITES = 2
_UNFINISHED_CHARACTER = "\ufffd"


@dataclass
class Following:
    """Streams the texts of one job, batch after batch; looks for a cancellation before every step.

    Attributes:
        context: told everything.
        text_of: what tokens say.
        total: crystals asked for.
        max_tokens: of each text.
        shows_atoms: whether unfinished texts can be read: those in short CIF.
        settled: crystals that are finished, or given up.
    """

    context: JobContext
    text_of: Callable[[Sequence[int]], str]
    total: int
    max_tokens: int
    shows_atoms: bool
    settled: int = 0
    _fraction: float = field(default=0.0, init=False)
    _streamed: str = field(default="", init=False)
    _row: Row | None = field(default=None, init=False)
    _lines: dict[int, int] = field(default_factory=dict, init=False)
    _latest: dict[int, Frame] = field(default_factory=dict, init=False)

    def begin(self) -> None:
        """Another batch."""
        self._lines, self._latest = {}, {}

    def step(self, draws: Sequence[int], rows: Sequence[Row]) -> None:
        """Tell what a batch has come to.

        Args:
            draws: which crystal each row is for.
            rows: under way.

        Raises:
            JobCancelled: the person has stopped the job.
        """
        self.context.check_cancelled()
        self._stream(rows)
        new = {frame.draw: frame for pair in zip(draws, rows, strict=True) for frame in self._new_frame(*pair)}
        if new:
            self._latest |= new
            self.context.partial("frames", self._followed_first(draws, rows, new))
        longest = max(len(row.tokens) for row in rows)
        self._progress((self.settled + len(rows) * longest / self.max_tokens) / self.total)

    def end(self) -> None:
        """Everything is settled."""
        self._progress(1.0)

    def _followed_first(self, draws: Sequence[int], rows: Sequence[Row], new: Mapping[int, Frame]) -> tuple[Frame, ...]:
        """New frames, after that of the crystal whose text is told: it is watched, and comes again where not new."""
        followed = [draw for draw, row in zip(draws, rows, strict=True) if row is self._row and draw in self._latest]
        return tuple(self._latest[draw] for draw in dict.fromkeys((*followed, *new)))

    def _progress(self, fraction: float) -> None:
        self._fraction = max(self._fraction, min(fraction, 1.0))
        self.context.progress("writing", self._fraction)

    def _stream(self, rows: Sequence[Row]) -> None:
        """Hand out the text of the first unfinished row; first the rest of the one before."""
        if self._row is not None:
            self._hand_out(self._row)
        following = next((row for row in rows if not row.finished), None)
        if following is not None and following is not self._row:
            if self._row is not None:
                self.context.partial("token", "\n\n")
            self._row, self._streamed = following, ""
            self._hand_out(following)

    def _hand_out(self, row: Row) -> None:
        text = self.text_of(row.tokens)
        if not row.finished:
            text = text.rpartition("\n")[0]  # the line under way may yet be taken back
        if len(text) > len(self._streamed) and not text.endswith(_UNFINISHED_CHARACTER):
            self.context.partial("token", text[len(self._streamed) :])
            self._streamed = text

    def _new_frame(self, draw: int, row: Row) -> list[Frame]:
        """The atoms of a row, where a site has been finished since the last time."""
        if not self.shows_atoms:
            return []
        text = self.text_of(row.tokens)
        finished = text if row.is_whole else text.rpartition("\n")[0]
        lines = finished.count("\n") + 1
        if lines <= self._lines.get(draw, _LINES_BEFORE_SITES):
            return []
        self._lines[draw] = lines
        crystal = _readable(finished)
        steps = max(self.max_tokens, len(row.tokens))
        return [] if crystal is None else [Frame(draw, len(row.tokens), steps, crystal, is_written=True)]


def _readable(text: str) -> Crystal | None:
    """The crystal of the lines so far; None where they say none, which the refusal of the whole text will tell."""
    try:
        return short_cif.read(text)
    except UserCorrectable:
        return None
