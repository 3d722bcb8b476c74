"""What made a crystal can be told in one harmless line and as plain data."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from random_nodes import random_node

from crystal_studio.services.provenance import provenance, provenance_line


def test_that_the_line_names_program_models_seed_and_node() -> None:
    node = random_node(random.Random(3))
    node = replace(node, models={"denoiser": "flow-small@abc123", "language_model": "smollm@def456"}, seed=77)
    node = replace(node, parameters={"version": "1.2.3", "run_seed": 7})
    line = provenance_line(node, "1.2.3")
    for part in ("Crystal Studio 1.2.3", node.id, "seed 77, run seed 7", "denoiser flow-small@abc123", "smollm@def456"):
        assert part in line
    assert "written by" not in line
    assert "written by Crystal Studio 2.0" in provenance_line(node, "2.0")


def test_that_nothing_in_a_node_breaks_out_of_the_line() -> None:
    node = random_node(random.Random(4))
    hostile = "x'\n_cell_length_a 1\r\ndata_evil \u2028\"; loop_" + "y" * 10_000
    node = replace(node, models={"denoiser": hostile}, parameters={"version": hostile}, created=hostile)
    line = provenance_line(node, "1.2.3")
    assert line.isascii()
    assert line.isprintable()
    assert not set("'\"\n\r\\<>&") & set(line)
    assert len(line) < 1000


def test_that_provenance_holds_every_round_from_the_root() -> None:
    root = replace(random_node(random.Random(5)), parent=None)
    child = replace(
        random_node(random.Random(6)),
        parent=root.id,
        parameters={"version": "1.2.3", "candidates": 4, "environment": {"torch": "2.9", "device": "cpu"}},
    )
    told = json.loads(json.dumps(provenance([root, child], "1.2.4")))
    assert [one["node"] for one in told["rounds"]] == [root.id, child.id]
    assert (told["node"], told["version"], told["rounds"][1]["version"]) == (child.id, "1.2.4", "1.2.3")
    last = told["rounds"][1]
    assert last["environment"] == {"torch": "2.9", "device": "cpu"}
    assert last["parameters"] == {"candidates": 4}
    assert (last["message"], last["pivot"], last["seed"]) == (child.message, child.pivot, child.seed)
    assert last["models"] == dict(child.models)
