"""The reward as the trainer asks for it: a group of texts at a time, each part reported by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.training.rewards import PART_NAMES, Reader, RewardParts, Wanted, reward_parts

_MOST_REMEMBERED = 20_000


class GroupReward:
    """Rewards texts; what was written before is not judged again.

    Args:
        read: the dialect.
        space_group_weight: reward for the space group asked for; 0 as in the paper.
    """

    __name__ = "crystal_reward"  # the trainer names its figures by it

    def __init__(self, read: Reader, space_group_weight: float = 0.0) -> None:
        self._read = read
        self._space_group_weight = space_group_weight
        self._wanted: dict[str, Wanted] = {}
        self._known: dict[tuple[str, str], RewardParts] = {}

    def __call__(
        self,
        completions: Sequence[str],
        target: Sequence[str],
        log_metric: Callable[[str, float], None],
        **_others: Any,
    ) -> list[float]:
        """One reward a text; the means of the parts go to the log."""
        found = [self.parts(text, true) for text, true in zip(completions, target, strict=True)]
        for name in PART_NAMES:
            log_metric(name, sum(getattr(parts, name) for parts in found) / len(found))
        return [parts.total for parts in found]

    def parts(self, text: str, target: str) -> RewardParts:
        """The parts of the reward of one text, where `target` is the true one."""
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
        key = (target, text)
        if key not in self._known:
            self._known[key] = reward_parts(text, self._asked(target), self._read, self._space_group_weight)
        return self._known[key]

    def _asked(self, target: str) -> Wanted:
        if target not in self._wanted:
            truth: Crystal = self._read(target)
            self._wanted[target] = Wanted.of(truth)
        return self._wanted[target]
