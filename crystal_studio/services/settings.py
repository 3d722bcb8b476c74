"""What a person has chosen for the program: a small TOML file that is never silently overwritten."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from msgspec import Meta, Struct, ValidationError, convert, field, to_builtins
from msgspec.structs import replace

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.toml_text import toml_key, toml_pairs

SCHEMA_VERSION = 1
MOST_RECENT_PROJECTS = 12
# The refusal of a value ends with where it is; inside a list or an open table only the whole can be named.
_PLACE = re.compile(r" - at `\$\.([\w.]+)[^`]*`$")


class _Section(Struct, frozen=True):
    """A part of the settings."""

    def changed(self, **values: Any) -> Self:
        """The same with other values."""
        return replace(self, **values)


class Appearance(_Section, frozen=True):
    """Colours and size of the text."""

    theme: Literal["system", "light", "dark"] = "system"
    font_percent: Annotated[int, Meta(ge=75, le=200)] = 100


class DesignDefaults(_Section, frozen=True):
    """What a new message begins with.

    Attributes:
        seed_mode: "new" draws a seed for every message, "fixed" uses `seed`, "next" counts up from it.
        engine: which model draws, a `SamplingEngine`.
    """

    candidates: Annotated[int, Meta(ge=1, le=200)] = 10
    strength: Annotated[float, Meta(gt=0, le=1)] = 0.1
    seed_mode: Literal["new", "fixed", "next"] = "new"
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    engine: Literal["diffusion", "crystext", "both"] = "diffusion"


class Folders(_Section, frozen=True):
    """Where things lie; "" for the usual place.

    Attributes:
        shared_models: folders of models that a group shares and that are only read, with ':' between.
        imports: what was last imported lay here.
        exports: what was last exported went here.
    """

    models: str = ""
    shared_models: str = ""
    imports: str = ""
    exports: str = ""


class Confirmations(_Section, frozen=True):
    """What is asked before it is done."""

    quit_while_running: bool = True


class Settings(_Section, frozen=True):
    """Everything that is remembered from one start to the next, but for the places of windows and docks.

    Attributes:
        viewer: how crystals are drawn, as the viewer writes it.
        recent_projects: newest first.
        drafts: project file -> what was typed there and not sent.
    """

    schema_version: int = SCHEMA_VERSION
    recent_projects: tuple[str, ...] = ()
    appearance: Appearance = Appearance()
    design: DesignDefaults = DesignDefaults()
    folders: Folders = Folders()
    confirmations: Confirmations = Confirmations()
    viewer: dict[str, Any] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)

    def with_recent(self, project: Path) -> Settings:
        """The same with this project as the most recent one."""
        others = tuple(one for one in self.recent_projects if one != str(project))
        return self.changed(recent_projects=(str(project), *others)[:MOST_RECENT_PROJECTS])

    def with_draft(self, project: str, draft: str) -> Settings:
        """The same with what was typed in a project and not sent; drafts of projects long unused are dropped."""
        kept = {name: text for name, text in self.drafts.items() if name in self.recent_projects and name != project}
        return self.changed(drafts={**kept, project: draft} if draft.strip() else kept)


class SettingsFile:
    """The settings and the file they live in.

    Attributes:
        path: the file.
        notices: sentences about how it was read, to show once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: tuple[str, ...] = ()
        self._is_kept = False
        self._table: dict[str, Any] = {}
        self._settings = self._read()

    @property
    def settings(self) -> Settings:
        """What is in force."""
        return self._settings

    def save(self, settings: Settings) -> None:
        """Put settings in force and store them in one step; a file of a newer program is left as it is.

        Raises:
            Unavailable: the file cannot be written; the settings are in force until the program ends.
        """
        self._settings = settings
        if self._is_kept:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace_file(self.path, settings_to_toml(settings, self._table))
        except OSError as error:
            raise Unavailable(
                f"The settings cannot be stored in {self.path} ({error.strerror}). They hold until the program ends; "
                "give yourself write access there to keep them."
            ) from error

    def _read(self) -> Settings:
        try:
            table = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Settings()
        except OSError as error:
            self.notices = (f"The settings in {self.path} cannot be read ({error.strerror}). The usual ones are used.",)
            return Settings()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self._set_aside(f"cannot be read ({error}); the usual settings are used")
            return Settings()
        version = table.get("schema_version", SCHEMA_VERSION)
        if isinstance(version, int) and version > SCHEMA_VERSION:
            self._is_kept = True
            self.notices = (
                f"{self.path} was written by a newer version of the program. What can be read of it is used, and "
                "changes made here are not stored.",
            )
        return self._validated(table)

    def _validated(self, table: dict[str, Any]) -> Settings:
        """The settings of a table; a value that cannot be used is dropped from it, and said."""
        reasons: list[str] = []
        while True:
            try:
                settings = convert(table, Settings)
                break
            except ValidationError as error:
                place = _PLACE.search(str(error))
                if place is None:
                    raise
                reasons.append(f"{place[1]}: {str(error)[: place.start()]}")
                _forget(table, place[1].split("."))
        self._table = table
        if reasons and not self._is_kept:
            what = f"has values that cannot be used ({'; '.join(reasons)}); the usual ones take their place"
            self._set_aside(what, keep=True)
        return settings

    def _set_aside(self, what: str, keep: bool = False) -> None:
        """Keep the file under another name, so that the next `save` destroys nothing."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        aside = self.path.with_name(f"{self.path.name}.{stamp}.damaged")
        try:
            if keep:
                shutil.copyfile(self.path, aside)
            else:
                self.path.rename(aside)
        except OSError as error:
            self._is_kept = True  # it could not be saved from being overwritten, so it is not written to
            self.notices = (
                f"{self.path} {what}. It could not be set aside ({error.strerror}): changes are not stored.",
            )
            return
        self.notices = (f"{self.path} {what}. The file as it was is kept as {aside.name}.",)


def settings_to_toml(settings: Settings, others: Mapping[str, Any] | None = None) -> str:
    """The text of the file; keys without a table come first, as TOML demands.

    Args:
        settings: what is in force.
        others: the table that was read; keys of it that this version does not know are kept.
    """
    known: dict[str, Any] = to_builtins(settings)
    data = {**(others or {}), **known}
    for name, section in known.items():
        if isinstance(getattr(settings, name), Struct):
            data[name] = {**(others or {}).get(name, {}), **section}
    plain = {key: value for key, value in data.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in data.items() if isinstance(value, Mapping)}
    blocks = [toml_pairs(plain)]
    blocks += [f"[{toml_key(name)}]\n{toml_pairs(table)}".rstrip() for name, table in tables.items()]
    return "\n\n".join(blocks) + "\n"


def _forget(table: dict[str, Any], place: list[str]) -> None:
    """Drop the value at a place."""
    for section in place[:-1]:
        table = table[section]
    del table[place[-1]]


def _replace_file(path: Path, text: str) -> None:
    """Write beside the file and rename, so that a crash leaves the old text or the new."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
