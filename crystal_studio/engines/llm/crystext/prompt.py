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

    The short layout holds what differs from crystal to crystal and nothing else ("SrTiO3 221 0.02"): a model that
    learned no other task needs no instruction, and every token of a prompt is paid for in each step of training.
    """
    formula, energy = task.composition.reduced.formula, task.e_above_hull_ev
    if layout == "short":
        return f"{formula} {task.space_group}{'' if energy is None else f' {energy:.2f}'}\n"
    stated = f"Material composition is {formula}. It has a space group number {task.space_group}."
    if energy is not None:
        stated += f" Energy above hull = {energy:.2f} eV/atom."
    return f"{_PREAMBLE}### Input:\n{stated}\n\n### Response:\n"
