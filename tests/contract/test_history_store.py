"""What every history store promises (ports/history_store.py)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from history_changes_contract import HistorySearchContract, HistoryTreeContract, HistoryUndoContract
from history_store_contract import HistoryStoreContract
from random_nodes import ELEMENTS, TEXTS, random_node, same

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.node_search import found
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.storage import SqlHistoryStore


class TestSqlHistoryStore(HistoryStoreContract, HistoryTreeContract, HistorySearchContract, HistoryUndoContract):
    @pytest.fixture
    def subject(self, tmp_path: Path) -> Iterator[HistoryStore]:
        with SqlHistoryStore.open(tmp_path / "project.cstudio") as opened:
            yield opened


@pytest.fixture(params=["sql"])
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    opened = SqlHistoryStore.open(tmp_path / "project.cstudio")
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", range(25))
def test_that_a_committed_node_reads_back_bit_for_bit(store: HistoryStore, seed: int) -> None:
    node = random_node(random.Random(seed))
    store.commit(node)
    assert same(store.node(node.id), node)
    assert same(tuple(store.nodes()), (node,))


def test_that_nodes_come_in_order_of_creation_with_their_parents(store: HistoryStore) -> None:
    rng = random.Random(1)
    nodes = [random_node(rng)]
    for _ in range(12):
        nodes.append(random_node(rng, rng.choice(nodes)))
        store.commit(nodes[-2])
    store.commit(nodes[-1])
    assert same(tuple(store.nodes()), tuple(nodes))


def test_that_an_unambiguous_prefix_names_a_node(store: HistoryStore) -> None:
    rng = random.Random(2)
    first = replace(random_node(rng), id="ab1" + "0" * 29)
    second = replace(random_node(rng), id="ab2" + "0" * 29)
    store.commit(first)
    store.commit(second)
    assert store.node("ab2").id == second.id
    assert store.node(" AB1 ").id == first.id


def test_that_an_ambiguous_prefix_asks_for_more_of_the_id(store: HistoryStore) -> None:
    rng = random.Random(2)
    for last in "12":
        store.commit(replace(random_node(rng), id="ab" + last + "0" * 29))
    with pytest.raises(UserCorrectable, match="Give more of the id"):
        store.node("ab")


@pytest.mark.parametrize("name", ["", "  ", "%", "_", "zz", "' OR 1=1 --"])
def test_that_an_unknown_node_is_refused_in_words(store: HistoryStore, name: str) -> None:
    store.commit(random_node(random.Random(3)))
    with pytest.raises(UserCorrectable, match="There is no node"):
        store.node(name)


def test_that_a_node_below_an_unknown_parent_is_refused_and_leaves_nothing(store: HistoryStore) -> None:
    rng = random.Random(4)
    orphan = random_node(rng, random_node(rng))
    with pytest.raises(UserCorrectable, match="parent"):
        store.commit(orphan)
    assert store.nodes() == []


def test_that_searches_find_what_the_plain_words_of_the_domain_say(store: HistoryStore) -> None:
    rng = random.Random(5)
    nodes = [random_node(rng)]
    store.commit(nodes[0])
    for _ in range(39):
        nodes.append(random_node(rng, rng.choice((None, *nodes))))
        store.commit(nodes[-1])
    for one in rng.sample(nodes, 15):
        store.mark(one.id, Mark(rng.choice(TEXTS), rng.random() < 0.5, rng.choice(TEXTS)))
    store.hide([one.id for one in rng.sample(nodes, 9)])
    sizes = set()
    for query in (_random_query(rng) for _ in range(50)):
        expected = [one.id for one in found(query, nodes, store.marks())]
        assert [one.id for one in store.search(query, limit=100)] == expected, query
        assert store.count(query) == len(expected)
        sizes.add(len(expected))
    assert len(sizes) > 6


def _random_query(rng: random.Random) -> NodeQuery:
    def some(value: Any, otherwise: Any) -> Any:
        return value if rng.random() < 0.3 else otherwise

    return NodeQuery(
        words=some(rng.choice(("srti", "twice quoted", "日本", "line", "x", "tab DROP", "本 😀")), ""),
        elements=some(tuple(rng.sample(ELEMENTS, 1)), ()),
        without=some(tuple(rng.sample(ELEMENTS, 2)), ()),
        anonymous=some(rng.choice(("AB", "ABC", "AB2")), ""),
        space_groups=some(tuple(range(1, rng.randint(2, 230))), ()),
        gap_ev=some(rng.choice(((0.0, 1.0), (None, 0.0), (-1e9, None), (0.3, None))), (None, None)),
        hull_ev=some((rng.random(), None), (None, None)),
        valid_only=some(True, False),
        starred_only=some(True, False),
        hidden=some(True, False),
        order=rng.choice(list(NodeOrder)),
        is_descending=rng.random() < 0.5,
    )
