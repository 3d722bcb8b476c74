"""Stage ``properties``: band gap, formation energy and energy above the hull from one network, and its card.

    python -m crystal_studio.training.properties prepare|train|evaluate|export --data FOLDER --output runs/properties

Trained on `train`, stopped and calibrated on `val`, reported on `test` and `megnet_test`. Every step skips what is
there, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crystal_studio.domain.elements import ELEMENTS
from crystal_studio.engines.predictors.composition_features import LARGEST_NUMBER, PROPERTY_COUNT
from crystal_studio.training.data import DATA_VARIABLE
from crystal_studio.training.properties_calibrate import assemble, distorted_marked, evaluate
from crystal_studio.training.properties_data import SPLITS, Samples, load, prepare, say
from crystal_studio.training.properties_export import Training, export
from crystal_studio.training.properties_familiar import load_distorted, prepare_distorted
from crystal_studio.training.properties_fit import BATCH, train

_REPORTED = ("val", "test", "megnet_test")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage."""
    options = _parser().parse_args(arguments)
    output = Path(options.output)
    if options.action == "prepare":
        prepare(Path(options.data), output)
        prepare_distorted(Path(options.data), output)
    elif options.action == "train":
        fitted, selected = load(output, "train"), load(output, "val")
        train(fitted, selected, output, members=options.members, epochs=options.epochs)
        assemble(fitted, selected, load_distorted(output, "train"), output)
    elif options.action == "evaluate":
        say(evaluate(load(output, options.split), output))
    else:
        metrics = {split: evaluate(load(output, split), output) for split in _REPORTED}
        fitted = load(output, "train")
        training = Training(
            rows=_rows(fitted),
            steps=options.epochs * -(-len(fitted) // BATCH),
            elements=_elements_of(fitted),
            epochs=options.epochs,
            members=options.members,
            distorted_marked=distorted_marked(load_distorted(output, "val"), output),
        )
        export(output, Path(options.card), metrics, training)


def _rows(samples: Samples) -> tuple[int, int, int]:
    """How many crystals have each target."""
    gaps, formation, hull = (~np.isnan(samples.targets)).sum(0)
    return int(gaps), int(formation), int(hull)


def _elements_of(samples: Samples) -> tuple[str, ...]:
    """Elements that at least one crystal holds, from the columns of their fractions."""
    first = 4 * PROPERTY_COUNT
    seen = (samples.features[:, first : first + LARGEST_NUMBER] > 0).any(axis=0)
    return tuple(ELEMENTS[index].symbol for index in np.flatnonzero(seen))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.properties", description=__doc__)
    parser.add_argument("action", choices=["prepare", "train", "evaluate", "export"])
    parser.add_argument("--data", default=os.environ.get(DATA_VARIABLE, "data"), help=f"folder (or ${DATA_VARIABLE})")
    parser.add_argument("--output", default="runs/properties")
    parser.add_argument("--card", default="models_registry/predictor/properties-mp", help="folder to export to")
    parser.add_argument("--split", default="val", choices=SPLITS)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    return parser


if __name__ == "__main__":
    main()
