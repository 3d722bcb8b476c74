"""Arithmetic on the processor that is quick for small tensors and the same on every machine with the same torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread, and denormal numbers flushed to zero, for the length of a block.

    Our networks are so small that a second thread costs more than it brings, badly so on a busy machine; sums no
    longer depend on the number of threads; and the far tails of Gaussians are denormal numbers, which processors
    multiply a hundred times more slowly.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
