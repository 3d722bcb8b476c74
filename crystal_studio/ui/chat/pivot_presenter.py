"""The logic of the pivot panel: what it compares, what is wrong with an edited text, what is generated from it."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.clauses import ClauseCheck, Verdict, compare_clauses
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.services.jobs import DesignJob
from crystal_studio.ui.chat.presenter import new_seed
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState

MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class ClauseVerdicts:
    """Each clause of a pivot against the crystal that came out; `hint` says why there are none."""

    checks: tuple[ClauseCheck, ...]
    hint: str = ""

    @property
    def summary(self) -> str:
        """How many hold."""
        counts = {verdict: sum(one.verdict is verdict for one in self.checks) for verdict in Verdict}
        return ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)


class PivotPresenter:
    """Talks to the session and to the job runner."""

    def __init__(self, state: SessionState, jobs: JobRunner) -> None:
        self._state = state
        self._jobs = jobs

    def parent_pivot(self, node: Node) -> str | None:
        """The pivot of the node's parent; None at a root."""
        return self._state.node(node.parent).pivot if node.parent is not None else None

    def verdicts(self, node: Node) -> ClauseVerdicts:
        """The clauses of the node's pivot, held against its crystal's own description."""
        try:
            asked = parse_pivot(node.pivot, strict=False)
        except UserCorrectable as error:
            return ClauseVerdicts((), str(error))
        try:
            found = parse_pivot(node.description, strict=False)
        except UserCorrectable:
            return ClauseVerdicts((), "The crystal has no description that could be compared with.")
        return ClauseVerdicts(compare_clauses(asked, found))

    def problem(self, text: str) -> str:
        """Why nothing can be generated from a text, "" where it can."""
        if not text.strip():
            return "Write a description, or take the one of the crystal."
        if len(text) > MOST_CHARACTERS:
            return f"The text has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read. Shorten it."
        try:
            parse_pivot(text)
        except PivotSyntaxError as error:
            return str(error)
        return ""

    def generate(self, node: Node, text: str) -> str:
        """Run a round from an edited text, answering what the node answers; gives the id of the job.

        The text says what is wanted, so of the node's limits only those stay that it does not contradict.

        Raises:
            UserCorrectable: the text cannot be read, or the window is closing.
        """
        elements = frozenset(parse_pivot(text).composition.elements)
        before = node.intent.limits
        return self._jobs.submit(
            DesignJob(
                project=self._state.path,
                message=None,
                parent=node.parent,
                seed=new_seed(),
                candidates=int(node.parameters.get("candidates", len(node.candidates))),
                strength=node.strength,
                pivot=text.strip(),
                limits=Limits(excluded=before.excluded - elements, max_atoms=before.max_atoms),
                goals=node.intent.goals,
                engine=SamplingEngine.of_round(node.parameters),
            )
        )
