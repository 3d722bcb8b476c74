"""What a crystal matches, as plain data and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from crystal_studio.domain.known import Known, MatchKind, ReferenceMatch, SearchedSet


def known_to_plain(known: Known | None) -> dict[str, Any] | None:
    """Plain data, None where nothing was searched."""
    return None if known is None else asdict(known)


def known_from_plain(plain: Mapping[str, Any] | None) -> Known | None:
    """Inverse of `known_to_plain`."""
    if plain is None:
        return None
    return Known(
        searched=tuple(SearchedSet(**(row | {"kind": MatchKind(row["kind"])})) for row in plain["searched"]),
        matches=tuple(ReferenceMatch(**(row | {"kind": MatchKind(row["kind"])})) for row in plain["matches"]),
        problems=tuple(plain["problems"]),
    )
