"""Introduces the rooms to each other: ports get their engines, loaded when first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from crystal_studio.app.card_sharing import CardSharing, give_back_memory
from crystal_studio.app.model_wiring import read_machine
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.ports.aligner import Aligner
from crystal_studio.ports.checks import Checker
from crystal_studio.ports.crystal_comparer import CrystalComparer
from crystal_studio.ports.crystal_files import CrystalFiles
from crystal_studio.ports.crystal_writer import CrystalWriter
from crystal_studio.ports.describer import Describer, StructureComparer, Symmetrizer
from crystal_studio.ports.document_printer import DocumentPrinter
from crystal_studio.ports.draftsman import Draftsman
from crystal_studio.ports.inspector import Inspector
from crystal_studio.ports.language_model import LanguageModel
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.ports.model_store import ModelStore
from crystal_studio.ports.predictor import Predictor, PropertyModel
from crystal_studio.ports.project_bundles import ProjectBundles
from crystal_studio.ports.prototype_library import PrototypeLibrary
from crystal_studio.ports.reference_library import ReferenceLibrary
from crystal_studio.ports.relaxer import Relaxer
from crystal_studio.ports.sampler import Sampler
from crystal_studio.services.evaluate import TemplateRanking

# Properties that hold an engine which may be on the graphics card.
_HOLDERS = {
    ModelKind.LANGUAGE_MODEL: "language_model",
    ModelKind.DENOISER: "sampler",
    ModelKind.CRYSTAL_WRITER: "crystal_writer",
    ModelKind.ALIGNER: "aligner",
}


class InstalledEngines:
    """The engines of the installed models; nothing is imported before it is asked for."""

    def __init__(
        self,
        catalog: ModelCatalog,
        language_model_id: str | None = None,
        model_ids: Mapping[str, str] | None = None,
        sharing: CardSharing | None = None,
    ) -> None:
        """Engines of the models named, the defaults for all other kinds.

        Args:
            catalog: what is installed.
            language_model_id: None for the default one.
            model_ids: kind -> id.
            sharing: says where each is loaded; None where the machine is to be looked at.
        """
        self._catalog = catalog
        self._ids = dict(model_ids or {})
        if language_model_id is not None:
            self._ids[ModelKind.LANGUAGE_MODEL.value] = language_model_id
        self._sharing = sharing or CardSharing(catalog, read_machine)
        self._in_use: dict[ModelKind, ModelCard] = {}
        self._used: dict[str, str] = {}
        self._options: dict[str, str] = {}

    @cached_property
    def language_model(self) -> LanguageModel:
        """Writes pivots."""
        return cast(LanguageModel, self._load(ModelKind.LANGUAGE_MODEL))

    @cached_property
    def sampler(self) -> Sampler:
        """Draws crystals."""
        return cast(Sampler, self._load(ModelKind.DENOISER))

    @cached_property
    def crystal_writer(self) -> CrystalWriter:
        """Writes crystals as text."""
        return cast(CrystalWriter, self._load(ModelKind.CRYSTAL_WRITER))

    def crystal_writer_of(self, model_id: str, *, constrained: bool) -> CrystalWriter:
        """The writer named; unconstrained, it may write any text."""
        named = self._load(ModelKind.CRYSTAL_WRITER, model_id)
        return cast(CrystalWriter, named.rewritten(constrained=constrained))

    @cached_property
    def aligner(self) -> Aligner:
        """Scores crystals against a text."""
        return cast(Aligner, self._load(ModelKind.ALIGNER))

    @cached_property
    def band_gap(self) -> Predictor:
        """Predicts PBE band gaps."""
        return self.property_model().predictor("band_gap")

    @cached_property
    def e_above_hull(self) -> Predictor:
        """Predicts energies above the convex hull."""
        return self.property_model().predictor("e_above_hull")

    def property_model(self, model_id: str | None = None) -> PropertyModel:
        """The default model of properties, or the one named."""
        return cast(PropertyModel, self._load(ModelKind.PREDICTOR, model_id))

    @cached_property
    def relaxer(self) -> Relaxer:
        """Energies and relaxation."""
        return cast(Relaxer, self._load(ModelKind.RELAXER))

    @cached_property
    def prototypes(self) -> PrototypeLibrary:
        """Known prototypes."""
        return cast(PrototypeLibrary, self._load(ModelKind.PROTOTYPES))

    @cached_property
    def checker(self) -> Checker:
        """Validity checks."""
        from crystal_studio.engines.chem import create_checker

        return create_checker()

    @cached_property
    def describer(self) -> Describer:
        """Robocrystallographer."""
        from crystal_studio.engines.chem import create_describer

        return create_describer()

    @cached_property
    def symmetrizer(self) -> Symmetrizer:
        """Space groups."""
        from crystal_studio.engines.chem import create_symmetrizer

        return create_symmetrizer()

    @cached_property
    def comparer(self) -> StructureComparer:
        """Compares crystals."""
        from crystal_studio.engines.chem import create_comparer

        return create_comparer()

    @cached_property
    def default_comparer(self) -> StructureComparer:
        """Compares crystals with pymatgen's default tolerances."""
        from crystal_studio.engines.chem.comparer import MatcherComparer

        return MatcherComparer(stol=0.3, angle_tol_degree=5.0, ltol=0.2)

    @cached_property
    def crystal_comparer(self) -> CrystalComparer:
        """Two crystals side by side."""
        return create_crystal_comparer()

    @cached_property
    def references(self) -> ReferenceLibrary:
        """Sets of known crystals."""
        from crystal_studio.app.paths import amcsd_pin, references_folder
        from crystal_studio.engines.chem import create_references

        return create_references(references_folder(), amcsd_pin())

    @cached_property
    def files(self) -> CrystalFiles:
        """Crystals on disk."""
        return create_files()

    def nearest_templates(self, rows: Sequence[Mapping[str, Any]]) -> TemplateRanking:
        """The retrieval baseline over training rows."""
        from crystal_studio.engines.sampling.retrieval import NearestTemplates

        return NearestTemplates.from_rows(rows)

    def read_crystal(self, text: str) -> Crystal:
        """The crystal that a writer's text says: a plain CIF where it has a cell of one, else a short one.

        Raises:
            UserCorrectable: it says none.
        """
        from crystal_studio.engines.llm.crystext.reading import reader_of

        with reader_of("cif" if "_cell_length_a" in text else "short") as read:
            return read(text)

    def crystal_reward(self, crystal: Crystal | None, truth: Crystal) -> float:
        """What reinforcement learning pays for a crystal; None for a text that says none."""
        from crystal_studio.training.rewards import UNREADABLE, Wanted, reward_parts

        return UNREADABLE if crystal is None else reward_parts("", Wanted.of(truth), lambda _: crystal).total

    def identities(self) -> dict[str, str]:
        """Kind -> "id@fingerprint" of every model loaded so far."""
        return dict(self._used)

    def with_models(self, identities: Mapping[str, str]) -> InstalledEngines:
        """These engines, or such with the models named (kind -> "id@fingerprint") as far as they are installed."""
        installed = {(card.kind.value, card.id) for card in self._catalog.cards() if card.is_installed}
        named = {kind: str(identity).partition("@")[0] for kind, identity in identities.items()}
        wanted = {kind: name for kind, name in named.items() if (kind, name) in installed}
        if all(self._card(ModelKind(kind)).id == name for kind, name in wanted.items()):
            return self
        return InstalledEngines(self._catalog, model_ids={**self._ids, **wanted})

    def refreshed(self) -> InstalledEngines:
        """These engines, or fresh ones where another model does a job by now; unchanged models stay loaded."""
        self._catalog.refresh()
        changed = [card for kind, card in self._in_use.items() if not self._is_current(kind, card)]
        if not changed:
            return self
        for card in changed:
            self._drop(card)
        give_back_memory()
        return InstalledEngines(self._catalog, model_ids=self._ids)

    def environment(self) -> dict[str, str]:
        """Versions of libraries, device, threads, and the options of every model loaded so far."""
        from crystal_studio.engines.devices.environment import environment

        return {**environment(), **self._options}

    def _load(self, kind: ModelKind, model_id: str | None = None) -> Any:
        found = self._card(kind, model_id)
        if model_id is None:
            self._in_use[kind] = found
        card = self._sharing.placed(found)
        self._make_room(card)
        loaded = self._catalog.load(card)
        self._used[kind.value] = f"{card.id}@{card.fingerprint}"
        plain = {name: value for name, value in card.options.items() if isinstance(value, str | int | float)}
        if plain:
            listed = ", ".join(f"{name} {value}" for name, value in sorted(plain.items()))
            self._options[f"{kind.value} options"] = listed
        return loaded

    def _make_room(self, card: ModelCard) -> None:
        """Take the models from the graphics card that share their place on it with this one."""
        others = self._sharing.in_turn_with(card)
        for other in others:
            self._drop(other)
        if others:
            give_back_memory()

    def _drop(self, card: ModelCard) -> None:
        self.__dict__.pop(_HOLDERS.get(card.kind, ""), None)
        self._catalog.release(card)

    def _is_current(self, kind: ModelKind, card: ModelCard) -> bool:
        try:
            return self._card(kind) == card
        except Unavailable:
            return False

    def _card(self, kind: ModelKind, model_id: str | None = None) -> ModelCard:
        return self._catalog.default(kind, model_id or self._ids.get(kind.value))


def installed_engines(language_model_id: str | None = None) -> InstalledEngines:
    """Engines of every model found in the shipped and the user's registry."""
    return InstalledEngines(open_catalog(), language_model_id)


def open_catalog() -> ModelCatalog:
    """The catalogue of shipped and installed models."""
    from crystal_studio.app.paths import cache_folder, models_folders
    from crystal_studio.registry.catalog import FolderCatalog

    return FolderCatalog(models_folders(), cache_folder() / "weights")


def open_model_store() -> ModelStore:
    """The folders of models, as far as they may be changed."""
    from importlib.metadata import version

    from crystal_studio.app.paths import models_folders, offers_file, user_models_folder
    from crystal_studio.registry.catalog import FolderCatalog
    from crystal_studio.registry.store import FolderModelStore
    from crystal_studio.services.provenance import PROGRAM

    program = f"{PROGRAM} {version('crystal-studio')}"
    return FolderModelStore(FolderCatalog(models_folders()), user_models_folder(), offers_file(), program)


def create_crystal_comparer() -> CrystalComparer:
    """Two crystals side by side."""
    from crystal_studio.engines.chem import create_crystal_comparer as create

    return create()


def create_files() -> CrystalFiles:
    """Crystals on disk, read by a limited child process."""
    from crystal_studio.engines.chem import create_files as create

    return create()


def create_inspector() -> Inspector:
    """Symmetry, sites, cells and powder patterns on request."""
    from crystal_studio.engines.chem import create_inspector as create

    return create()


def create_draftsman() -> Draftsman:
    """Crystals as SVG."""
    from crystal_studio.scene.svg import crystal_svg

    return crystal_svg


def create_printer() -> DocumentPrinter:
    """Documents as PDF."""
    from crystal_studio.app.printing import QtDocumentPrinter

    return QtDocumentPrinter()


def create_bundles(version: str) -> ProjectBundles:
    """Projects as single files."""
    from crystal_studio.engines.chem import create_files
    from crystal_studio.services.provenance import PROGRAM
    from crystal_studio.storage.project_bundles import ZipBundles

    return ZipBundles(f"{PROGRAM} {version}", create_files().to_cif)
