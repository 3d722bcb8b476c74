"""Jobs survive the way through JSON, and what is no job is told in words."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from random_nodes import random_node

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.services.job_json import is_storable, job_from_json, job_to_json
from crystal_studio.services.jobs import DesignJob, PromoteJob, Repair, RepairJob, RepairKind, SheetJob, WarmUpJob

PROJECT = Path("project.cstudio")


def design_jobs() -> list[DesignJob]:
    intents = [random_node(random.Random(seed)).intent for seed in range(20)]
    return [
        DesignJob(PROJECT, None, "a1" * 16, 2**62),
        DesignJob(PROJECT, "größer", None, 0, 3, 0.7, "NaCl ...", Limits(), ()),
        *(DesignJob(PROJECT, one.message, None, 1, limits=one.limits, goals=one.goals) for one in intents),
    ]


@pytest.mark.parametrize(
    "job",
    [
        *design_jobs(),
        PromoteJob(PROJECT, "a1" * 16, 3),
        *(RepairJob(PROJECT, "a1" * 16, Repair(kind, "Sr", "Ba")) for kind in RepairKind),
        *(SheetJob(base, "5e" * 16, (0.1, 1.0), (3, 2**62), (1.5,)) for base in design_jobs()[:3]),
    ],
)
def test_that_a_job_comes_back_through_json_as_it_was(job: Any) -> None:
    assert is_storable(job)
    plain = json.loads(json.dumps(job_to_json(job)))
    assert job_from_json(type(job).__name__, plain) == job


def test_that_a_moved_project_takes_its_queue_along() -> None:
    plain = job_to_json(PromoteJob(PROJECT, "a1" * 16, 3))
    assert job_from_json("PromoteJob", plain, Path("elsewhere.cstudio")).project == Path("elsewhere.cstudio")


def test_that_loading_models_is_no_job_to_keep() -> None:
    assert not is_storable(WarmUpJob())


GOOD = job_to_json(DesignJob(PROJECT, "an oxide", None, 1, limits=Limits()))


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        ("WarmUpJob", {}),
        ("os.system", {}),
        ("PromoteJob", {}),
        ("PromoteJob", {"node": "a1", "candidate": "3"}),
        ("PromoteJob", {"node": 3, "candidate": True}),
        ("RepairJob", {"node": "a1", "repair": {"kind": "explode", "old": "", "new": ""}}),
        ("RepairJob", {"node": "a1", "repair": "relax"}),
        ("DesignJob", GOOD | {"seed": 1.5}),
        ("SheetJob", {"base": GOOD, "sheet": "5e", "strengths": 0.1, "seeds": [1], "guidances": []}),
        ("SheetJob", {"base": {}, "sheet": "5e", "strengths": [0.1], "seeds": [1], "guidances": []}),
        ("DesignJob", GOOD | {"strength": "much"}),
        ("DesignJob", GOOD | {"limits": {"required": ["Sr"]}}),
        ("DesignJob", GOOD | {"limits": 3}),
        ("DesignJob", GOOD | {"goals": [{"quantity": "beauty", "direction": "higher", "target": None}]}),
    ],
)
def test_that_what_is_no_job_is_refused_in_one_sentence(kind: str, plain: dict[str, Any]) -> None:
    with pytest.raises(UserCorrectable, match=r"job"):
        job_from_json(kind, plain, PROJECT)
