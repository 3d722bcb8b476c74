"""From the name of a backend to its factory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard

Factory = Callable[[Path, Mapping[str, Any]], Any]
ENTRY_POINT_GROUP = "crystal_studio.engines"
_OURS = "crystal_studio.engines."


def factory_of(card: ModelCard) -> Factory:
    """Import the factory that a card names.

    Raises:
        Unavailable: it is not an engine of ours nor a declared entry point, or it cannot be imported.
    """
    if not (card.backend.startswith(_OURS) or is_declared(card.backend)):
        raise Unavailable(
            f"The model {card.id} asks to run '{card.backend}', which is no engine of Crystal Studio. "
            "Name one of its engines, or install the package that declares it."
        )
    module_name, _, name = card.backend.partition(":")
    try:
        return cast(Factory, getattr(import_module(module_name), name))
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"The engine of the model {card.id} needs the module '{error.name}', which is not installed. "
            "Run `bash installer/studio` to install what is missing."
        ) from error
    except AttributeError as error:
        raise Unavailable(
            f"The model {card.id} names '{card.backend}', which does not exist. Correct its card."
        ) from error


def is_declared(backend: str) -> bool:
    """Whether an installed package offers the backend by an entry point."""
    return any(point.value == backend for point in entry_points(group=ENTRY_POINT_GROUP))
