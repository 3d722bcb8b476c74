"""The catalogue of models that a person can fetch: ``models_registry/offers.toml``.

Sizes and memory are computed from numbers of parameters, which the file states with their reckoning: ::

    [[offers]]
    id = "qwen3-4b-instruct"
    name = "Qwen3-4B-Instruct-2507"
    kind = "language_model"
    jobs = ["interpret wishes and feedback"]
    source = "huggingface: Qwen/Qwen3-4B-Instruct-2507"
    licence = "Apache-2.0"
    parameters = {in_layers = 3633315840, elsewhere = 389152256}  # what 4 and 8 bits make smaller, and what not
    bits = 16                                                     # of the published file: 16 or 32
    base = "..."                                                  # only of an adapter: the offer it is loaded with
    lacks = "..."                                                 # only of what this version cannot use: why
    how = "..."

A network that is not run at 4 or 8 bits has ``bits = 32``; its memory is then given at the precision it runs in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.registry.memory_need import weights_mb

OFFERS_NAME = "offers.toml"
_FIELDS = {"id", "name", "kind", "jobs", "source", "licence", "parameters", "bits", "how"}
_OPTIONAL_FIELDS = {"base", "lacks"}


def read_offers(path: Path) -> tuple[ModelOffer, ...]:
    """Every offer, in the order of the file.

    Raises:
        Unavailable: the file is missing or wrong.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["offers"]
        offers = {table["id"]: _offer(table) for table in tables}
        bases = {table["id"]: offers[table["base"]] for table in tables if "base" in table}
        return tuple(_with_base(offer, bases[name]) if name in bases else offer for name, offer in offers.items())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise Unavailable(
            f"The catalogue of models {path} cannot be read ({error}). Get it again from where this copy came from."
        ) from error


def _with_base(offer: ModelOffer, base: ModelOffer) -> ModelOffer:
    return replace(offer, memory_mb={bits: size + base.memory_mb[bits] for bits, size in offer.memory_mb.items()})


def _offer(table: Mapping[str, Any]) -> ModelOffer:
    if table.keys() - _OPTIONAL_FIELDS != _FIELDS:
        raise ValueError(f"an offer has the fields {sorted(table)}, not {sorted(_FIELDS)}")
    in_layers, elsewhere = int(table["parameters"]["in_layers"]), int(table["parameters"]["elsewhere"])
    published_bytes = {16: 2, 32: 4}[table["bits"]]
    size_mb = ceil((in_layers + elsewhere) * published_bytes / 1e6)
    return ModelOffer(
        id=str(table["id"]),
        name=str(table["name"]),
        kind=ModelKind(table["kind"]),
        jobs=tuple(map(str, table["jobs"])),
        source=str(table["source"]),
        licence=str(table["licence"]),
        size_mb=size_mb,
        memory_mb=weights_mb(in_layers, elsewhere) if table["bits"] == 16 else {"32 bit": size_mb},
        how=str(table["how"]),
        lacks=str(table.get("lacks", "")),
    )
