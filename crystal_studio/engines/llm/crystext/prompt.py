"""What the language model is told. Source: CrysText (its instruction and input text; Alpaca layout)."""

from __future__ import annotations

from typing import Literal

from crystal_studio.ports.crystal_writer import CrystalTask

Layout = Literal["paper", "short"]

_PREAMBLE = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\nGenerate CIF for the given material description\n\n"
)


def prompt_of(task: CrystalTask, layout: Layout) -> str:
    """The prompt that the crystal's text follows.

    The short layout leaves out what is the same for every crystal: a model that learned nothing else needs no
    instruction, and the tokens of a prompt are most of what training a small model costs.
    """
    formula = task.composition.reduced.formula
    stated = f"Material composition is {formula}. It has a space group number {task.space_group}."
    if task.e_above_hull_ev is not None:
        stated += f" Energy above hull = {task.e_above_hull_ev:.2f} eV/atom."
    preamble = _PREAMBLE if layout == "paper" else ""
    return f"{preamble}### Input:\n{stated}\n\n### Response:\n"
