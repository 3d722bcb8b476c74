"""A search as a line of text: what can be written, what it means, and what is said of the rest."""

from __future__ import annotations

import random

import pytest

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.services.query_text import parse_query, query_text


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", NodeQuery()),
        ("cubic Oxide", NodeQuery(words="cubic Oxide")),
        (
            "el:Sr,Ti gap:2-4 sg:225 *",
            NodeQuery(elements=("Sr", "Ti"), gap_ev=(2, 4), space_groups=(225,), starred_only=True),
        ),
        ("no:pb,CD hull:<0.1", NodeQuery(without=("Pb", "Cd"), hull_ev=(None, 0.1))),
        ("gap:>2", NodeQuery(gap_ev=(2, None))),
        ("gap:2-", NodeQuery(gap_ev=(2, None))),
        ("hull:-0.2..-0.1", NodeQuery(hull_ev=(-0.2, -0.1))),
        ("f:TiSrO3 anon:ABX3", NodeQuery(formula="SrTiO3", anonymous="ABC3")),
        ("sg:221-223,62", NodeQuery(space_groups=(221, 222, 223, 62))),
        (
            "is:valid is:hidden by:-gap",
            NodeQuery(valid_only=True, hidden=True, order=NodeOrder.BAND_GAP, is_descending=True),
        ),
        ("Fm-3m http://x", NodeQuery(words="Fm-3m http://x")),
    ],
)
def test_that_a_line_means_a_query_and_is_written_back_as_one_that_means_the_same(text, query) -> None:
    assert parse_query(text) == query
    assert parse_query(query_text(query)) == query


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("el:Xx", "'Xx' is no element"),
        ("el:", "Nothing stands behind el:"),
        ("f:hello", "hello"),
        ("anon:abc", "no anonymous formula"),
        ("sg:231", "1 to 230"),
        ("sg:10-5", "1 to 230"),
        ("gap:wide", "no range for the gap"),
        ("gap:4-2", "wrong way round"),
        ("by:size", "sorted by 'size'"),
        ("is:good", "cannot be 'good'"),
    ],
)
def test_that_a_part_that_cannot_be_read_is_named(text, complaint) -> None:
    with pytest.raises(UserCorrectable, match=complaint):
        parse_query(f"cubic {text}")


def test_that_random_queries_survive_being_written_and_read() -> None:
    rng = random.Random(5)
    for _ in range(300):
        low = rng.choice([None, round(rng.uniform(-3, 3), 3), 1e-7])
        query = NodeQuery(
            words=" ".join(rng.sample(["cubic", "wide", "gap"], rng.randrange(3))),
            elements=tuple(rng.sample(["Sr", "Ti", "O"], rng.randrange(3))),
            space_groups=tuple(sorted(rng.sample(range(1, 231), rng.randrange(6)))),
            gap_ev=(low, None if low is None else low + rng.choice([0, 0.25, 1e6])),
            starred_only=rng.random() < 0.5,
            order=rng.choice(list(NodeOrder)),
            is_descending=rng.random() < 0.5,
        )
        assert parse_query(query_text(query)) == query, query_text(query)
