"""The form for models that were not trained by us: system text, three examples, the task; and what comes back.

Chat templates are programs that arrive with a model's files, so none is evaluated: the layout is one of ours.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from crystal_studio.engines.llm.trained_form import prompt_of
from crystal_studio.ports.language_model import WritingTask

Layout = Literal["plain", "chatml", "llama3", "mistral"]
_FOLDER = Path(__file__).parents[3] / "resources" / "prompts"
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_LAYOUTS: dict[Layout, str] = {
    "plain": "{system}\n\n{task}",
    "chatml": "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{task}<|im_end|>\n<|im_start|>assistant\n",
    "llama3": (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{system}<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n{task}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
    "mistral": "<s>[INST] {system}\n\n{task} [/INST]",
}
_TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "</s>")
_CONTROL = re.compile(r"<\|[^|>]{1,40}\|>|\[/?INST\]|</?s>|</?think>")


def prompted(task: WritingTask, layout: Layout) -> str:
    """The whole prompt; the answer begins right behind it with the pivot's first word."""
    asked = disarmed(prompt_of(task))
    if task.complaints:
        refused = " ".join(task.complaints)[:300]
        asked = asked.removesuffix("\nPivot:") + f"\nAvoid: {refused}\nPivot:"
    opening = "Pivot:" if layout != "plain" else ""
    turn_end = _LAYOUTS[layout].split("{task}")[1]
    return beginning_of(layout) + asked.removesuffix(opening).rstrip("\n") + turn_end + opening


def beginning_of(layout: Layout) -> str:
    """What every prompt of this layout begins with: system text and examples."""
    system = (_FOLDER / "system.txt").read_text(encoding="utf-8").strip()
    examples = (_FOLDER / "examples.txt").read_text(encoding="utf-8")
    return _LAYOUTS[layout].split("{task}")[0].format(system=system) + f"{examples}\n"


def disarmed(text: str) -> str:
    """The text without control words of chat layouts: a message must not open a turn of its own."""
    return _CONTROL.sub(" ", text)


def answer_in(text: str) -> str:
    """The first line of an answer, without thinking parts and without the label ``Pivot:``."""
    spoken = _THINKING.sub("", text).strip()
    for end in _TURN_ENDS:
        spoken = spoken.split(end, 1)[0]
    lines = [line.strip() for line in spoken.splitlines() if line.strip()]
    return lines[0].removeprefix("Pivot:").strip() if lines else ""


def turn_ends(layout: Layout) -> tuple[str, ...]:
    """Special tokens at which an answer of this layout ends."""
    return _TURN_ENDS
