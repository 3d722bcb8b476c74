"""Models coming into the person's folder and going out of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.domain.model_import import ImportMode, ImportPlan
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.ports.context import JobContext
from crystal_studio.registry.card_file import CARD_NAME, read_card
from crystal_studio.registry.catalog import FolderCatalog
from crystal_studio.registry.disk import check_room, disk_in_words, scratch_in, settle
from crystal_studio.registry.found_files import files_at
from crystal_studio.registry.offers import read_offers
from crystal_studio.registry.packed import pack_models, unpacked_models
from crystal_studio.registry.recipe import Recipe, left_behind
from crystal_studio.registry.recipes.own_model import is_same_model, own_model
from crystal_studio.registry.recognise import Recogniser
from crystal_studio.registry.references import references_of, with_foundations
from crystal_studio.registry.writing import ModelWriter, rewrite_card

_CONVERTED_NEEDS = 3  # the checkpoint's tensors, and what is made of them, lie side by side for a while


class FolderModelStore:
    """Implements `ports.model_store.ModelStore`.

    Args:
        catalog: what is installed; it looks again after every change.
        own_folder: the person's models.
        offers_file: the catalogue of what could be fetched.
        program: name and version, for packed files.
    """

    def __init__(self, catalog: FolderCatalog, own_folder: Path, offers_file: Path, program: str) -> None:
        self._catalog = catalog
        self._own = own_folder
        self._offers_file = offers_file
        self._program = program

    def offers(self) -> tuple[ModelOffer, ...]:
        """Models that can be fetched where there is a network and imported here."""
        return self._offers

    def writable(self, card: ModelCard) -> bool:
        """Whether the card lies in the person's own folder and may be changed."""
        return card.folder == self._target(card) and os.access(card.folder.parent, os.W_OK)

    def plan(self, source: Path, model_id: str | None = None) -> ImportPlan:
        """Read what lies at a place; nothing is changed.

        Raises:
            UserCorrectable: it is no model, or not a safe one; names the file.
        """
        return self._planned(source, model_id)[0]

    def install(self, plan: ImportPlan, mode: ImportMode, context: JobContext) -> ModelCard:
        """Take a planned model in, and give its card; with DRY_RUN, check its files and leave nothing behind.

        Raises:
            UserCorrectable: what lies there has changed, is damaged or unsafe; there is no room; the models folder is
                read-only; a model of that kind and id is there.
            JobCancelled: the person stopped; nothing of it is kept.
        """
        now, recipe = self._planned(plan.source, plan.model_id)
        if now != plan:
            raise UserCorrectable(f"{plan.source} has changed since it was looked at. Look at it again.")
        self._check_free(recipe.card)
        self._check_references([recipe.card])
        writer = ModelWriter(recipe, mode, context)
        if mode is ImportMode.DRY_RUN:
            return writer.write(plan.target)
        _check_mode(recipe, mode)
        check_room(self._own, _bytes_needed(recipe, mode))
        with scratch_in(self._own) as scratch:
            staged = _stage(scratch, recipe.card)
            with disk_in_words(self._own):
                writer.write(staged)
            self._place([staged], context)
        return self._installed(recipe.card)

    def remove(self, card: ModelCard) -> None:
        """Delete one of the person's models.

        Raises:
            UserCorrectable: it ships with the program, lies in a shared folder, another model builds on it, or the
                folder is read-only.
        """
        self._catalog.refresh()
        if card.folder != self._target(card) or not card.folder.is_dir():
            raise UserCorrectable(
                f"{card.id} lies in {card.folder}, which is not yours to change. Nothing was removed."
            )
        others = [one for one in self._catalog.cards() if one.id != card.id and card.id in references_of(one)]
        if others:
            raise UserCorrectable(f"{others[0].id} builds on {card.id}. Remove that first, if it is yours.")
        with disk_in_words(card.folder):
            if card.folder.is_symlink():
                card.folder.unlink()
            else:
                with scratch_in(self._own) as scratch:
                    card.folder.rename(scratch / card.id)
                    shutil.rmtree(scratch / card.id)
        self._catalog.refresh()

    def pack(self, cards: Sequence[ModelCard], target: Path, context: JobContext) -> Path:
        """Write models, and those they build on, into one file with checksums; gives the file.

        What ships with the program is packed only where it is named.

        Raises:
            UserCorrectable: the file is there, there is no room, or a model is damaged.
            JobCancelled: the person stopped; no file is left.
        """
        self._catalog.refresh()
        return pack_models(with_foundations(cards, self._catalog), target, self._program, context)

    def unpack(self, file: Path, context: JobContext) -> tuple[ModelCard, ...]:
        """Take in every model of a packed file, all or none; one that is here already, and the same, stays as it is.

        Raises:
            UserCorrectable: it is no packed file, or damaged or unsafe; another model of its name is there; no room;
                read-only.
            JobCancelled: the person stopped; nothing of it is kept.
        """
        self._catalog.refresh()
        check_room(self._own, file.stat().st_size if file.is_file() else 0)
        with scratch_in(self._own) as scratch:
            with disk_in_words(self._own):
                folders = unpacked_models(file, scratch, context)
            recipes = {folder: own_model(files_at(folder), None) for folder in folders}
            new = [folder for folder in folders if not self._is_here(folder)]
            for folder in new:
                self._check_free(recipes[folder].card)
            self._check_references([recipe.card for recipe in recipes.values()])
            with disk_in_words(self._own):
                for folder in new:
                    rewrite_card(folder, recipes[folder])
            self._place(new, context)
        return tuple(self._installed(recipe.card) for recipe in recipes.values())

    @cached_property
    def _offers(self) -> tuple[ModelOffer, ...]:
        return read_offers(self._offers_file)

    def _planned(self, source: Path, model_id: str | None) -> tuple[ImportPlan, Recipe]:
        self._catalog.refresh()  # other programs may have changed the folders
        found, recipe = Recogniser(self._catalog.cards(), self._offers).recipe(source, model_id)
        plan = ImportPlan(
            source=source,
            kind=recipe.card.kind,
            model_id=recipe.card.id,
            what=recipe.what,
            taken=tuple(part.found.path for part in recipe.parts),
            left_behind=(*recipe.stripped, *left_behind(found, recipe.parts)),
            size_mb=-(-recipe.size_bytes // 1_000_000),
            memory_mb=recipe.card.memory_mb,
            target=self._target(recipe.card),
        )
        return plan, recipe

    def _target(self, card: ModelCard) -> Path:
        return self._own / card.kind.value / card.id

    def _installed(self, card: ModelCard) -> ModelCard:
        return next(one for one in self._catalog.cards() if (one.kind, one.id) == (card.kind, card.id))

    def _check_free(self, card: ModelCard) -> None:
        """See that no model has the id: cards refer to each other by it, whatever their kind.

        Raises:
            UserCorrectable: one has.
        """
        for other in self._catalog.cards():
            is_awaited = other.kind is card.kind and not other.is_installed
            if other.id == card.id and not is_awaited:
                raise UserCorrectable(
                    f"A model '{card.id}' is there already, in {other.folder}. Remove it first, or give this one "
                    "another id with `--id`."
                )
        if os.path.lexists(self._target(card)):
            raise UserCorrectable(f"{self._target(card)} is there already, without a card that can be read. Remove it.")

    def _check_references(self, cards: Sequence[ModelCard]) -> None:
        known = {card.id for card in (*cards, *(one for one in self._catalog.cards() if one.is_installed))}
        for card in cards:
            missing = sorted(references_of(card) - known)
            if missing:
                raise UserCorrectable(f"{card.id} builds on '{missing[0]}', which is not installed. Import that first.")

    def _is_here(self, folder: Path) -> bool:
        """Whether the very model of a folder is installed."""
        card = read_card(folder / CARD_NAME)
        there = [one for one in self._catalog.cards() if (one.kind, one.id) == (card.kind, card.id)]
        return bool(there) and there[0].is_installed and is_same_model(there[0], card)

    def _place(self, staged: Sequence[Path], context: JobContext) -> None:
        """Move complete models from `scratch/kind/id` to where the catalogue looks, all or none."""
        context.check_cancelled()
        placed: list[tuple[Path, Path]] = []
        try:
            with disk_in_words(self._own):
                for folder in staged:
                    target = self._own / folder.parent.name / folder.name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    folder.rename(target)
                    placed.append((folder, target))
                    settle(target.parent)
        except UserCorrectable:
            for folder, target in placed:
                target.rename(folder)
            raise
        finally:
            self._catalog.refresh()


def _stage(scratch: Path, card: ModelCard) -> Path:
    """Where a model is put together: its folder is called like it, in one called like its kind."""
    folder = scratch / card.kind.value / card.id
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _check_mode(recipe: Recipe, mode: ImportMode) -> None:
    if mode is not ImportMode.LINK:
        return
    if recipe.conversion is not None:
        raise UserCorrectable("A checkpoint is converted, so it cannot be linked. Import it with `--copy`.")
    for part in recipe.parts:
        if part.patches:
            raise UserCorrectable(
                f"'{part.found.name}' holds a chat template, which only a copy is without. Use `--copy`."
            )
        if part.found.real is None:
            raise UserCorrectable("What lies in a wheel cannot be linked. Import it with `--copy`.")


def _bytes_needed(recipe: Recipe, mode: ImportMode) -> int:
    if recipe.conversion is not None:
        return _CONVERTED_NEEDS * recipe.size_bytes
    if mode is ImportMode.LINK:
        return sum(len(part.text or b"") for part in recipe.parts)
    return recipe.size_bytes
