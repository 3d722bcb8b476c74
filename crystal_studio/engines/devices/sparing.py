"""Work on as many items at once as the graphics card has memory for, and on the processor where not even one fits."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn

from crystal_studio.domain.errors import Unavailable

R = TypeVar("R")
Tell = Callable[[str], None]
# What torch says when main memory, for which it has no error of its own, is out.
_FULL = ("can't allocate memory", "not enough memory")


class CardSparing:
    """Halves what is done at once each time the card runs out of memory, then leaves the card.

    Attributes:
        on_card: whether the work is still done there.
        most: items at once.
        sentence: why the card was left, "" where it was not; told at every run since.

    Args:
        on_card: whether the model is on a graphics card.
        leave: puts the model onto the processor.
        done: what happens to an item, such as "drawn".
        item: what is worked on, such as "crystal".
    """

    def __init__(self, on_card: bool, leave: Callable[[], object], done: str, item: str) -> None:
        self.on_card = on_card
        self.most = sys.maxsize
        self.sentence = ""
        self._leave, self._done, self._item = leave, done, item

    def run(self, count: int, part: Callable[[int, int], R], tell: Tell) -> list[R]:
        """Work on the items 0 to `count`, in order.

        Args:
            count: items.
            part: works on the items from its first argument up to, not including, its second.
            tell: is told, in a sentence, what had to be spared.

        Raises:
            torch.OutOfMemoryError: the processor has no memory either.
        """
        if self.sentence:
            tell(self.sentence)
        parts: list[R] = []
        begin = 0
        while begin < count:
            end = min(begin + self.most, count)
            try:
                parts.append(part(begin, end))
            except torch.OutOfMemoryError:
                if not self.on_card:
                    raise
            else:
                begin = end
                continue
            self._spare(end - begin, tell)  # here what the failed part held is free: its frames are gone
        return parts

    def left_at_once(self) -> None:
        """Note that the model did not even fit onto the card."""
        self.on_card, self.most = False, sys.maxsize
        self.sentence = f"the graphics card has no memory for the model: {self._done} on the processor, which is slower"

    def _spare(self, items: int, tell: Tell) -> None:
        """Ask for half as much from now on, or leave the card."""
        if items > 1:
            self.most = (items + 1) // 2
            give_back()
            tell(f"the graphics card ran out of memory: {self._done} {self.most} at a time")
            return
        self.on_card, self.most = False, sys.maxsize
        self._leave()
        give_back()
        self.sentence = (
            f"the graphics card has no memory for even one {self._item}: {self._done} on the processor, which is slower"
        )
        tell(self.sentence)


def give_back() -> None:
    """Return to the card what nothing uses any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def loaded_where_it_fits(load: Callable[[str], R], device: str) -> tuple[R, bool]:
    """What `load` gives for a device, or for "cpu" where the card has no memory for it; and whether that was so."""
    try:
        return load(device), False
    except torch.OutOfMemoryError:
        if device == "cpu":
            raise
    give_back()
    return load("cpu"), True


def run_where_it_fits(net: nn.Module, call: Callable[[torch.device], R]) -> R:
    """What `call` gives where the network is, or on the processor, to which it is moved where the card is full."""
    place = next(net.parameters()).device
    try:
        return call(place)
    except torch.OutOfMemoryError:
        if place.type == "cpu":
            raise
    processor = torch.device("cpu")
    net.to(processor)
    give_back()
    return call(processor)


@contextmanager
def memory_in_words(what: str) -> Iterator[None]:
    """Turn a want of memory, of the card or of the machine, into a sentence.

    Raises:
        Unavailable: there is not enough memory for `what`; says what to do.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        is_full = isinstance(error, (MemoryError, torch.OutOfMemoryError))
        if not is_full and not any(words in str(error) for words in _FULL):
            raise
        raise Unavailable(
            f"There is not enough memory for {what}. Close other programs, ask for fewer candidates, or choose a "
            "smaller model."
        ) from error
