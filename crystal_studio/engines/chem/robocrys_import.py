"""Importing Robocrystallographer without the seconds it spends on things a description never uses.

Two imports of robocrys 0.2.13 dominate a cold start (17 of 23 s of processor time on two busy cores): pymatgen's
AFLOW prototype library, of which only a base class is used, and inflect, whose methods typeguard instruments one by
one. For the time of the import a stand-in takes the place of the first and the instrumenting is switched off. Both
are put back, so that whoever imports them later gets the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

_PROTOTYPES = "pymatgen.analysis.prototypes"


@cache
def robocrys_parts() -> SimpleNamespace:
    """The functions and classes of robocrys and matminer that `condense` and `describer` are built from."""
    with _without_prototype_library(), _without_instrumenting():
        from matminer.featurizers.site import CrystalNNFingerprint
        from matminer.featurizers.utils.stats import PropertyStats
        from robocrys import util
        from robocrys.condense import component, site
        from robocrys.describe.describer import StructureDescriber
    return SimpleNamespace(
        component=component,
        common_formulas=util.common_formulas,
        site_analyzer=site.SiteAnalyzer,
        site_fingerprint=CrystalNNFingerprint,
        statistics=PropertyStats,
        describer=StructureDescriber,
    )


@contextmanager
def _without_prototype_library() -> Iterator[None]:
    """Stand in for the prototype library, unless it is loaded already."""
    if _PROTOTYPES in sys.modules:
        yield
        return
    stand_in = ModuleType(_PROTOTYPES)
    stand_in.AflowPrototypeMatcher = object  # type: ignore[attr-defined]
    sys.modules[_PROTOTYPES] = stand_in
    try:
        yield
    finally:
        del sys.modules[_PROTOTYPES]


@contextmanager
def _without_instrumenting() -> Iterator[None]:
    """Let ``typeguard.typechecked`` hand back what it decorates, unless inflect is loaded already."""
    if "inflect" in sys.modules:
        yield
        return
    import typeguard

    stock = typeguard.typechecked
    typeguard.typechecked = _as_it_is
    try:
        yield
    finally:
        typeguard.typechecked = stock


def _as_it_is(target: Callable[..., Any] | None = None, **_: Any) -> Any:
    return _as_it_is if target is None else target
