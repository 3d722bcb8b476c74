"""Installed models: a model is a folder ``<kind>/<id>/`` with a ``model.toml``.

Cards are read from the repository's ``models_registry``, from folders that a group shares, and from the person's models
folder; where two have a card of one kind and id, the later one's counts. ``models_registry/offers.toml`` names models
that can be fetched and imported (`offers`). What is imported is recognised by reading it (`recognise`, `recipes`) and
written whole or not at all (`store`, `writing`); models are packed into one file (`packed`). ::

    id = "band-gap-small"                 # the folder's name
    kind = "predictor"                    # the folder's parent; see `domain.model_card.ModelKind`
    version = "1"
    backend = "crystal_studio.engines.predictors.properties:create"
    default = true                        # at most one a kind in each place
    memory_mb = 200

    [[files]]                             # relative to the folder; weights are safetensors or GGUF, never pickles
    path = "weights.safetensors"
    sha256 = "..."

    [[sources]]                           # where the files come from
    type = "wheel"                        # wheel, repository, url, or the folder that files are links into
    package = "chgnet"
    file = "chgnet/pretrained/..."        # a card without [[files]] uses this file of the installed package in place
    sha256 = "..."

    [options]                             # handed to the factory
    steps = 50
    base = {ref = "another-card"}         # becomes the Path of that card's folder, its files verified

    [provenance]                          # data, seed, steps, commit, metrics, licence, limits
    data = "..."

The factory is called as ``create(folder, options)``. Only our own engines, or a function that an installed package
declares in the entry-point group ``crystal_studio.engines``, may be named.
"""

from crystal_studio.registry.catalog import FolderCatalog

__all__ = ["FolderCatalog"]
