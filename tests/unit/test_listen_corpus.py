"""How much is heard of 4,870 messages in the manner of many kinds of people.

Their authors did not know the rules, which were mended on 3,643 of them; the other 1,227 were kept apart, unread.
"""

from __future__ import annotations

import pytest
from heard_verdict import corpus, misheard


@pytest.mark.parametrize(("part", "least"), [("developed", 0.91), ("kept apart", 0.79)])
def test_that_no_fewer_messages_of_many_people_are_heard_than_before(part: str, least: float) -> None:
    rows = [row for row in corpus() if row.part == part]
    missed = [f"{row.parent} {row.message}: {'; '.join(reasons)}" for row in rows if (reasons := misheard(row))]
    assert len(missed) <= (1 - least) * len(rows), "\n".join(missed[:20])
