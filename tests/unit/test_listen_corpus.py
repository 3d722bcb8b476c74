"""How much is heard of 1,170 messages in the manner of thirty kinds of people.

Their authors did not know the rules. Before the rules were mended on 773 of them, 56 % of those and 52 % of the 397
kept apart were heard as a careful reader reads them; after it 81 and 68 %.
"""

from __future__ import annotations

import pytest
from heard_verdict import corpus, misheard


@pytest.mark.parametrize(("part", "least"), [("developed", 0.80), ("kept apart", 0.67)])
def test_that_no_fewer_messages_of_many_people_are_heard_than_before(part: str, least: float) -> None:
    rows = [row for row in corpus() if row.part == part]
    missed = [f"{row.parent} {row.message}: {'; '.join(reasons)}" for row in rows if (reasons := misheard(row))]
    assert len(missed) <= (1 - least) * len(rows), "\n".join(missed[:20])
