"""What the conversation consists of: rounds of the branch, jobs under way, and whom the next message answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Goal, Limits
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.host.protocol import Failed
from crystal_studio.services.jobs import DesignJob, PromoteJob, RepairJob
from crystal_studio.services.trajectory import CRYSTAL_TEXT


@dataclass(frozen=True)
class Round:
    """One message with its crystal.

    Attributes:
        outline: of the node.
        place: its place among the nodes with the same parent, in order of creation, from 0.
        num_siblings: how many those are, this one included.
        is_current: whether it is what the window shows.
    """

    outline: NodeOutline
    place: int
    num_siblings: int
    is_current: bool


@dataclass(frozen=True)
class Target:
    """Whom the next message answers.

    Attributes:
        node: id of the node answered, None for a new wish.
        edited: id of the node whose message is being rewritten, None where a new message is written.
        is_chosen: whether the person chose it, rather than its being the current node.
    """

    node: str | None
    edited: str | None = None
    is_chosen: bool = False


@dataclass(frozen=True)
class Wish:
    """A message as the composer hands it over.

    Attributes:
        text: as typed, mentions included.
        seed: resolved.
        limits: those set by hand, None for those heard.
        goals: likewise.
        engine: which model draws.
    """

    text: str
    strength: float
    candidates: int
    seed: int
    limits: Limits | None = None
    goals: tuple[Goal, ...] | None = None
    engine: SamplingEngine = SamplingEngine.DIFFUSION


class Stage(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    READY = "ready"


MOST_STREAMED = 8000  # characters of a streamed text that are kept
ChatJobKind = DesignJob | PromoteJob | RepairJob


@dataclass
class ChatJob:
    """A job as its bubble shows it.

    Attributes:
        generation: number of the person's moves when it was sent; a later answer is stale and is not followed.
        part: what it is doing ("writing", "sampling", ...).
        fraction: 0 to 1, of the part.
        note: of the part.
        part_began: clock reading in seconds.
        text: what the language model has written so far.
        crystal_text: what it has written so far of the crystal that it writes now.
        failure: why it failed.
        node: what came out of a job that was not followed.
        is_drawn: whether the viewer was given intermediate crystals of it.
    """

    id: str
    job: ChatJobKind
    generation: int
    stage: Stage = Stage.WAITING
    part: str = ""
    fraction: float = 0.0
    note: str = ""
    part_began: float = 0.0
    text: str = ""
    crystal_text: str = ""
    failure: Failed | None = None
    node: Node | None = None
    is_drawn: bool = False

    def take(self, kind: str, payload: str) -> bool:
        """Take in something unfinished; whether there is anything new to be shown."""
        if kind == "token":
            self.text = (self.text + payload)[-MOST_STREAMED:]
        elif kind == "pivot":
            self.text = payload[:MOST_STREAMED]
        elif kind == CRYSTAL_TEXT:  # an empty line ends a crystal
            self.crystal_text = (self.crystal_text + payload).rpartition("\n\n")[2][-MOST_STREAMED:]
        elif kind == "notice":
            self.note = payload
        else:
            return False
        return True

    @property
    def message(self) -> str:
        """What the person asked for, "" where nothing was said."""
        return (self.job.message or "") if isinstance(self.job, DesignJob) else ""

    @property
    def title(self) -> str:
        """What the job is, for a person."""
        if isinstance(self.job, PromoteJob):
            return f"Make candidate {self.job.candidate + 1} a node of its own"
        if isinstance(self.job, RepairJob):
            swap = f" {self.job.repair.old} for {self.job.repair.new}" if self.job.repair.old else ""
            return f"Repair: {self.job.repair.kind.value}{swap}"
        return self.message or "A round driven by the predicted values alone"

    @property
    def answers(self) -> str | None:
        """Id of the node that it answers."""
        return self.job.parent if isinstance(self.job, DesignJob) else self.job.node
