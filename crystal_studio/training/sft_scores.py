"""Scores an adapter on held-out dialogues, tuned against untuned.

The shares are those of pivots that parse and keep every limit that the message tells, also where it was not heard.

    python -m crystal_studio.training.sft_scores --data FOLDER --base FOLDER --adapter FOLDER --count 24
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.engines.llm.transformers_nf4 import TransformersNF4, create
from crystal_studio.training.data import DATA_VARIABLE
from crystal_studio.training.dialogues import BENCHMARK, Mine, TrainingDialogue, build
from crystal_studio.training.dialogues_materials import forbidden_formulas, read_materials


class Unattended:
    """A job context for runs that nobody watches."""

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Nobody listens."""

    def partial(self, kind: str, payload: object) -> None:
        """Nobody listens."""

    def check_cancelled(self) -> None:
        """Nobody cancels."""


def keeps(text: str, limits: Limits) -> bool:
    """Whether the text is a pivot and its composition and structure are within the limits."""
    try:
        pivot = parse_pivot(text)
    except PivotSyntaxError:
        return False
    group = pivot.space_group
    return not limits.violations(pivot.composition) and all(
        (
            limits.space_group is None or (group is not None and group.number == limits.space_group),
            limits.crystal_system is None or pivot.crystal_system == limits.crystal_system,
            limits.dimensionality is None or (pivot.dimensionality or 3) == limits.dimensionality,
            limits.prototype is None or limits.prototype in (pivot.prototype or "").lower(),
        )
    )


def share_kept(writer: TransformersNF4, dialogues: Sequence[TrainingDialogue]) -> float:
    """Share of the likeliest pivots that parse and keep every limit that was told."""
    texts = [writer.write_pivots(each.task, 1, 0, Unattended())[0] for each in dialogues]
    kept = [keeps(text, each.told) for text, each in zip(texts, dialogues, strict=True)]
    return sum(kept) / len(kept)


def shares(base: Path, adapter: Path, dialogues: Sequence[TrainingDialogue]) -> dict[str, float]:
    """All four combinations of tuned and untuned, constrained and free."""
    found = {}
    for name, options in (("tuned", {"adapter": str(adapter)}), ("untuned", {"form": "prompted", "layout": "plain"})):
        given: dict[str, Any] = {"base": str(base), **options}
        writer = create(base, given)
        for mode in ("constrained", "free"):
            writer = writer.rewritten(constrained=mode == "constrained")
            found[f"kept_{name}_{mode}"] = round(share_kept(writer, dialogues), 3)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage; prints one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.sft_scores", description=__doc__)
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE, "data"), help=f"folder (or ${DATA_VARIABLE})")
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, default=Path("models_registry/adapter/dialogue-smollm2"))
    parser.add_argument("--count", type=int, default=24)
    options = parser.parse_args(arguments)
    folder = Path(options.data)
    forbidden = forbidden_formulas(folder, ("test",), BENCHMARK)
    dialogues = build(Mine.dig(read_materials(folder, "val", forbidden)), options.count, 1)
    found = {**shares(options.base, options.adapter, dialogues), "kept_of": len(dialogues)}
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
