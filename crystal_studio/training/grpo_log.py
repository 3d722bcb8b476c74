"""The log of a run: one row a step, kept in step with the checkpoint from which it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class RunLog:
    """Rows of ``log.jsonl``, in order.

    Args:
        path: of the file.
        rows: that it holds.
    """

    def __init__(self, path: Path, rows: Sequence[Row]) -> None:
        self.path = path
        self.rows = list(rows)

    @classmethod
    def resumed(cls, path: Path, step: int) -> RunLog:
        """The log up to a step; what was logged after it is dropped, since these steps are made again."""
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [row for row in map(_row, lines) if row is not None and row["step"] <= step]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return cls(path, rows)

    @property
    def steps(self) -> int:
        """Steps that were made."""
        return int(self.rows[-1]["step"]) if self.rows else 0

    @property
    def seconds(self) -> float:
        """Wall time of these steps over all restarts."""
        return float(self.rows[-1]["seconds"]) if self.rows else 0.0

    def add(self, row: Row) -> None:
        """Write the row of one more step."""
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def quarters(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean reward of the first and of the last quarter of a run; empty where it has fewer than four steps."""
    rewards = [float(row["reward"]) for row in rows]
    count = len(rewards) // 4
    if not count:
        return {}
    first, last = sum(rewards[:count]) / count, sum(rewards[-count:]) / count
    return {"reward_first_quarter": round(first, 4), "reward_last_quarter": round(last, 4)}


def _row(line: str) -> Row | None:
    """None for a line that a killed run left unfinished."""
    try:
        return dict(json.loads(line))
    except ValueError:
        return None
