"""Where the time of a job went."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Seconds by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Add the time spent inside to a part."""
        started = perf_counter()
        try:
            yield
        finally:
            self.add(part, perf_counter() - started)

    def add(self, part: str, seconds: float) -> None:
        """Add seconds to a part."""
        self.seconds[part] = self.seconds.get(part, 0.0) + seconds

    def rounded(self) -> dict[str, float]:
        """Milliseconds are enough to store."""
        return {part: round(value, 3) for part, value in self.seconds.items()}
