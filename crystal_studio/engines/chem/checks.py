"""The validity checks: what makes a candidate invalid, and what is worth knowing besides."""

from __future__ import annotations

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.chem.charge_balance import ChargeBalance, charge_balance
from crystal_studio.engines.chem.geometry import Pairs, pairs_within, shortest_distance_angstrom
from crystal_studio.engines.chem.volume_table import ATOMIC_VOLUME_ANGSTROM3

MIN_DISTANCE_ANGSTROM = 0.5
MIN_VOLUME_ANGSTROM3 = 0.1
# The next three hold 99.8 %, 99 % and all of the training crystals with 20 atoms or fewer (see `volume_table`).
MIN_RADII_RATIO = 0.67
VOLUME_RATIO_RANGE = (0.78, 2.7)
MAX_TRAINING_ATOMS = 20

_PAIR_CUTOFF_ANGSTROM = 4.0
_UNIT_G_CM3 = 1.66053906660  # one atomic mass unit per cubic angstrom


class SmactChecker:
    """Runs every check, in a fixed order."""

    def check(self, crystal: Crystal, *, formula_is_named: bool = False) -> tuple[CheckResult, ...]:
        """Run them all; a formula that the person named is flagged by SMACT, never refused."""
        return (
            _min_distance(crystal),
            _volume(crystal),
            _smact(crystal, formula_is_named=formula_is_named),
            _charge_sums(crystal),
            _metallicity(crystal),
            _distance_over_radii(crystal),
            _density(crystal),
            _size_in_training(crystal),
        )


def _min_distance(crystal: Crystal) -> CheckResult:
    """No two atoms closer than 0.5 Å. Source: Xie et al., ICLR 2022 (CDVAE)."""
    shortest = shortest_distance_angstrom(crystal)
    return CheckResult(
        "min_distance",
        1,
        shortest >= MIN_DISTANCE_ANGSTROM,
        f"The shortest distance is {shortest:.2f} Å; at least {MIN_DISTANCE_ANGSTROM} Å is required.",
        {"shortest_angstrom": shortest, "threshold_angstrom": MIN_DISTANCE_ANGSTROM},
        required=True,
    )


def _volume(crystal: Crystal) -> CheckResult:
    volume = crystal.volume_angstrom3
    return CheckResult(
        "volume",
        1,
        volume >= MIN_VOLUME_ANGSTROM3,
        f"The cell has {volume:.1f} Å3; at least {MIN_VOLUME_ANGSTROM3} Å3 is required.",
        {"volume_angstrom3": volume, "threshold_angstrom3": MIN_VOLUME_ANGSTROM3},
        required=True,
    )


def _smact(crystal: Crystal, *, formula_is_named: bool) -> CheckResult:
    balance = charge_balance(crystal.composition.reduced)
    return CheckResult(
        "smact",
        1,
        balance.valid,
        _smact_sentence(crystal.formula, balance, formula_is_named=formula_is_named),
        {"neutral_sums": float(len(balance.charges)), "metallicity": balance.metallicity},
        required=not formula_is_named,
    )


def _smact_sentence(formula: str, balance: ChargeBalance, *, formula_is_named: bool) -> str:
    if balance.charges:
        return f"SMACT accepts {formula}: its charges can sum to zero with the anions the more electronegative."
    if balance.alloy:
        return f"SMACT accepts {formula} as an element or alloy, whatever its charges."
    reason = f"has no charges listed for {', '.join(balance.unknown)}" if balance.unknown else "finds no neutral sum"
    kept = "; it is kept because you named it." if formula_is_named else "."
    return f"SMACT {reason} in {formula}{kept}"


def _charge_sums(crystal: Crystal) -> CheckResult:
    """Which charges sum to zero, as advice: undecided for what is valid as an alloy."""
    balance = charge_balance(crystal.composition.reduced)
    numbers = {symbol: charge for charges in balance.charges[:1] for symbol, charge in charges}
    if balance.charges:
        listed = "; ".join(
            ", ".join(f"{symbol} {charge:+.4g}" for symbol, charge in charges) for charges in balance.charges
        )
        return CheckResult("charge_sums", 1, True, f"Charges that sum to 0: {listed}.", numbers)
    passed = None if balance.alloy or balance.unknown else False
    return CheckResult("charge_sums", 1, passed, "No listed charges sum to 0; an alloy needs none.", numbers)


def _metallicity(crystal: Crystal) -> CheckResult:
    """A number to read, not a test: it neither passes nor fails."""
    score = charge_balance(crystal.composition.reduced).metallicity
    return CheckResult(
        "metallicity",
        1,
        None,
        f"SMACT's metallicity score is {score:.2f}; 0.70 and above suggests an alloy, below a salt.",
        {"score": score, "threshold": 0.7},
    )


def _distance_over_radii(crystal: Crystal) -> CheckResult:
    """Shortest distance of each pair of elements over the sum of covalent radii (Cordero et al., 2008)."""
    version, name = 1, "distance_over_radii"
    unknown = sorted({symbol for symbol in crystal.species if BY_SYMBOL[symbol].covalent_radius_angstrom is None})
    if unknown or shortest_distance_angstrom(crystal) < MIN_DISTANCE_ANGSTROM:
        why = f"no covalent radius is tabulated for {unknown[0]}" if unknown else "the atoms lie on each other"
        return CheckResult(name, version, None, f"Distances over radii were not compared with 0.67: {why}.")
    ratios = _shortest_ratios(crystal, pairs_within(crystal, _PAIR_CUTOFF_ANGSTROM))
    if not ratios:
        return CheckResult(name, version, True, f"No two atoms are within {_PAIR_CUTOFF_ANGSTROM} Å of each other.")
    pair, ratio = min(ratios.items(), key=lambda item: item[1])
    return CheckResult(
        name,
        version,
        ratio >= MIN_RADII_RATIO,
        f"The shortest {pair} distance is {ratio:.2f} of the sum of radii; known crystals have {MIN_RADII_RATIO} "
        "or more.",
        ratios | {"threshold": MIN_RADII_RATIO},
    )


def _shortest_ratios(crystal: Crystal, pairs: Pairs) -> dict[str, float]:
    """Element pair, such as "Ti-O", to shortest distance over sum of radii."""
    radii = np.array([BY_SYMBOL[symbol].covalent_radius_angstrom for symbol in crystal.species])
    ratios = pairs.distance_angstrom / (radii[pairs.first] + radii[pairs.second])
    rank = {symbol: index for index, symbol in enumerate(crystal.composition.elements)}
    code = np.array([rank[symbol] for symbol in crystal.species])
    low, high = np.minimum(code[pairs.first], code[pairs.second]), np.maximum(code[pairs.first], code[pairs.second])
    symbols = crystal.composition.elements
    kinds = sorted(set(zip(low.tolist(), high.tolist(), strict=True)))
    return {f"{symbols[a]}-{symbols[b]}": float(ratios[(low == a) & (high == b)].min()) for a, b in kinds}


def _density(crystal: Crystal) -> CheckResult:
    """Density, judged by the volume expected of the elements."""
    mass = sum(BY_SYMBOL[symbol].mass * count for symbol, count in crystal.composition.amounts)
    density = mass * _UNIT_G_CM3 / max(crystal.volume_angstrom3, 1e-9)
    unknown = sorted(set(crystal.species) - ATOMIC_VOLUME_ANGSTROM3.keys())
    if unknown:
        sentence = f"The density is {density:.2f} g/cm3; no crystal with {unknown[0]} was seen to compare it with."
        return CheckResult("density", 1, None, sentence, {"density_g_cm3": density})
    expected = sum(ATOMIC_VOLUME_ANGSTROM3[symbol] * count for symbol, count in crystal.composition.amounts)
    ratio = crystal.volume_angstrom3 / expected
    low, high = VOLUME_RATIO_RANGE
    return CheckResult(
        "density",
        1,
        low <= ratio <= high,
        f"The density is {density:.2f} g/cm3, the volume {ratio:.2f} of that expected of the elements; known crystals "
        f"have {low} to {high}.",
        {"density_g_cm3": density, "volume_ratio": ratio, "lowest_ratio": low, "highest_ratio": high},
    )


def _size_in_training(crystal: Crystal) -> CheckResult:
    return CheckResult(
        "size_in_training",
        1,
        len(crystal) <= MAX_TRAINING_ATOMS,
        f"The cell has {len(crystal)} atoms; the models were trained on up to {MAX_TRAINING_ATOMS}.",
        {"num_sites": float(len(crystal)), "threshold": float(MAX_TRAINING_ATOMS)},
    )
