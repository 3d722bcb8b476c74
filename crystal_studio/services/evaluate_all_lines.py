"""The lines of the table of `evaluate all` as plain data: what is measured, the goal, and the figures elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crystal_studio.services.evaluate import MAX_ATOMS

Outcome = Mapping[str, Any]
Pick = Callable[[Outcome], float | None]


@dataclass(frozen=True)
class Aim:
    """One figure of a line.

    Attributes:
        unit: "%" for a share, "" for a normalised displacement, else the unit of the value.
        pick: the value of one row; None where the row has none.
        goal: in the unit; None for a figure that is only told.
    """

    name: str
    unit: str
    pick: Pick
    goal: float | None = None
    higher_is_better: bool = True

    @property
    def is_share(self) -> bool:
        """Whether the value is 0 to 1 and shown as a percentage."""
        return self.unit == "%"


@dataclass(frozen=True)
class Published:
    """A figure from elsewhere, and where it is from."""

    who: str
    figure: str
    source: str

    def to_dict(self) -> dict[str, str]:
        """Plain data."""
        return {"who": self.who, "figure": self.figure, "source": self.source}


@dataclass(frozen=True)
class Wanted:
    """One line: `part` measures it, `baseline` is the retrieval baseline on the same rows."""

    key: str
    title: str
    part: str
    aims: tuple[Aim, ...]
    note: str
    published: tuple[Published, ...] = ()
    baseline: Pick | None = None


def _chosen(start: str, column: str) -> Callable[[Outcome], Mapping[str, Any]]:
    def pick(outcome: Outcome) -> Mapping[str, Any]:
        found: Mapping[str, Any] = outcome["starts"][start][column]
        return found

    return pick


def _matches(pick: Callable[[Outcome], Mapping[str, Any]], match: float | None, rmse: float | None) -> tuple[Aim, Aim]:
    """Match rate over all rows, and RMSE over the matches."""

    def matched(outcome: Outcome) -> float:
        return float(pick(outcome)["rms"] is not None)

    def displacement(outcome: Outcome) -> float | None:
        rms: float | None = pick(outcome)["rms"]
        return rms

    return Aim("match", "%", matched, match), Aim("RMSE", "", displacement, rmse, higher_is_better=False)


def _flag(*path: str) -> Pick:
    """A yes or no of the outcome as 1 or 0."""

    def pick(outcome: Outcome) -> float:
        found: Any = outcome
        for name in path:
            found = found[name]
        return float(found)

    return pick


def _retrieval(outcome: Outcome) -> float:
    return float(outcome["baseline"]["rms"] is not None)


def _fits_the_models(outcome: Outcome) -> float | None:
    return float(outcome["recovered"]) if outcome["num_atoms"] <= MAX_ATOMS else None


_OWN_TABLE = "its authors' or a later paper's table, MP-20 test set, composition given"
_BASELINE = "chemically nearest training crystal with the elements swapped; all 4,513 rows of our half of the test set"
_MCFLOW = Published("MCFlow", "70.4 % / .0592 (all)", _OWN_TABLE)
_CRYSTALITE = Published("Crystalite", "66.1 % / .0337", _OWN_TABLE)
_CHEMELEON = "Park et al., Nature Communications 16, 4379 (2025)"
_CRYSTEXT = Published(
    "CrysText-RL", "76 %", "CrysText; formula and space group told to a language model of 8 billion weights"
)
_SHORT_NOTE = "rows with a description; number of atoms given; one draw from the likeliest template of the space group "
_NOT_ENFORCED = "the language model of CrysText is told formula and group; no symmetry is imposed here, group at 0.1 Å"

LINES = (
    Wanted(
        "A", "A: one draw, cell contents given", "A", _matches(_chosen("default", "A"), 72.0, 0.033),
        "the default start: the likeliest prototype with its symmetry enforced; no ranking, no relaxer",
        (_MCFLOW, _CRYSTALITE, Published("retrieval", "67.6 % / .0338", _BASELINE)), _retrieval,
    ),
    Wanted(
        "B", "B: best pick of ten, by our own models", "C", _matches(_chosen("default", "B"), None, None),
        "the mixture that ships (eight prototypes, two from noise), ranked without a potential", (), _retrieval,
    ),
    Wanted(
        "C", "C: best pick of ten, with CHGNet", "C", _matches(_chosen("default", "C"), 82.0, 0.025),
        "as B, ranked by energy too, the best few relaxed; CHGNet's training data include most test compounds",
        (Published("energy-picked templates", "75 % / .039", "our own measurement on 40 crystals of test"),),
        _retrieval,
    ),
    Wanted(
        "best20", "best of twenty draws", "best20",
        (Aim("match", "%", _flag("starts", "default", "any"), 93.0),),
        "the mixture that ships (sixteen prototypes, four from noise): whether any draw matches",
        (Published("TFMat", "92.0 %", _OWN_TABLE), Published("retrieval", "85.8 %", _BASELINE)),
        _flag("baseline", "any"),
    ),
    Wanted(
        "pivot-short", "A, pivot given: formula, prototype, space group", "pivot",
        _matches(lambda outcome: outcome["short"], 82.0, None),
        _SHORT_NOTE + "(of the prototype where the text names one), its symmetry enforced; "
        "built on Wyckoff positions where no template has the group; no ranking",
        (Published("TFMat", "77.8 %", _OWN_TABLE), Published("retrieval with space group", "79.3 %", _BASELINE)),
    ),
    Wanted(
        "pivot-full", "A, pivot given: full text", "pivot", _matches(lambda outcome: outcome["full"], 85.0, None),
        _SHORT_NOTE + "under Robocrystallographer's whole text: beyond its headline only the denoiser reads it",
        (Published("TFMat", "77.8 %", _OWN_TABLE),),
    ),
    Wanted(
        "enforced", "composition and space group as asked, enforced", "pivot",
        (Aim("both", "%", _flag("enforced"), 99.0), Aim("first draw", "%", _flag("first"))),
        "a draw has exactly the formula and, at 0.1 and 0.01 Å, the group asked for; any other is refused, and after "
        "five templates as many crystals are built on the Wyckoff positions of the group",
    ),
    Wanted(
        "not-enforced-free", "the same, not enforced, elements chosen by the model", "free",
        (Aim("both", "%", _flag("text", "both"), 80.0), Aim("composition", "%", _flag("text", "composition")),
         Aim("space group", "%", _flag("text", "space_group"))),
        "one draw from noise under the full text, only the number of atoms given; " + _NOT_ENFORCED, (_CRYSTEXT,),
    ),
    Wanted(
        "not-enforced-start", "the same, not enforced, prototype start", "pivot",
        (Aim("both", "%", _flag("not_enforced"), 80.0),),
        "the first draw of the line above as the denoiser leaves it, its formula given; " + _NOT_ENFORCED, (_CRYSTEXT,),
    ),
    Wanted(
        "noise", "A, noise starts only", "noise", _matches(_chosen("noise", "A"), 50.0, None),
        "one draw from pure noise: what invents new prototypes",
        (Published("DiffCSP", "51.5 % (27 k crystals, GPU)", "Jiao et al., NeurIPS 2023"),), _retrieval,
    ),
    Wanted(
        "valid", "structurally valid, formula given", "A",
        (Aim("valid", "%", _flag("starts", "default", "A", "valid"), 99.0),), "the draws of A; 0.5 Å and 0.1 Å3",
        (Published("Chemeleon", "98 to 99 %", _CHEMELEON),),
    ),
    Wanted(
        "valid-free", "structurally valid, nothing given", "free",
        (Aim("valid", "%", _flag("none", "valid_structure"), 99.0),),
        "one draw from noise without a text; only the number of atoms is given",
        (Published("Chemeleon", "98 to 99 %", _CHEMELEON),),
    ),
    Wanted(
        "smact", "composition valid, formula not given", "free",
        (Aim("valid", "%", _flag("none", "valid_composition"), 94.0),),
        "the same draws; SMACT with alloys and mixed valence, which passes 94 % of the test set's own formulas",
        (Published("DiffCSP", "83 % (unconditional)", "Jiao et al., NeurIPS 2023"),),
    ),
    *(
        Wanted(
            f"recovered-{atoms}", f"recovered from Chemeleon's texts, number of atoms {how}", f"recovered-{atoms}",
            (Aim("recovered", "%", _flag("recovered"), goal),
             Aim("of cells of at most 20 atoms", "%", _fits_the_models),
             Aim("formula heard", "%", _flag("formula_heard"))),
            "any of 20 draws, default StructureMatcher; the models know cells of at most 20 atoms: larger ones count "
            "as not recovered",
            (Published("Chemeleon", "20 % (708 texts, number of atoms given)", _CHEMELEON),),
        )
        for atoms, how, goal in (("true", "given", 40.0), ("predicted", "predicted", 30.0))
    ),
    Wanted(
        "gap", "band gap, mean absolute error", "gap",
        (Aim("MAE", "eV", lambda outcome: float(outcome["error"]), 0.25, higher_is_better=False),),
        "the shipped predictor on our part of the MEGNet test split, PBE",
        (Published("ALIGNN", ".218 eV (full set, 60 k)", "Choudhary and DeCost, npj Comput. Mater. 7, 185 (2021)"),
         Published("boosted trees", ".345 eV", "our own measurement on these rows, composition statistics")),
    ),
    Wanted(
        "speed", "ten candidates of ten atoms", "speed",
        (Aim("time", "s", lambda outcome: float(outcome["seconds_of_batch"]), 10.0, higher_is_better=False),),
        "all ten from pure noise, one batch, on the machine that wrote this page; depends on what else it does",
        (Published("published recipe", "about 370 s", "1,000 steps, corrector and guidance, on two cores"),),
    ),
)  # fmt: skip
