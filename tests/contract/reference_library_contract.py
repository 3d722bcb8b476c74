"""What every library of reference sets promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.domain.known import MatchKind
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.ports.reference_library import ReferenceLibrary


class ReferenceLibraryContract:
    @pytest.fixture
    def subject(self, tmp_path: Path) -> ReferenceLibrary:
        raise NotImplementedError

    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        """A source that holds rock salt and nothing else."""
        raise NotImplementedError

    def test_that_the_prototypes_are_always_there(self, subject: ReferenceLibrary) -> None:
        (only,) = subject.sets()
        assert only.kind is MatchKind.PROTOTYPE
        assert only.entries > 0
        assert [searched.name for searched in subject.search(perovskite()).searched] == [only.name]

    def test_that_an_imported_crystal_is_found_and_another_is_not(
        self, subject: ReferenceLibrary, source: Path
    ) -> None:
        imported = subject.import_set(str(source), "mine", FakeContext())
        assert (imported.name, imported.entries, imported.kind) == ("mine", 1, MatchKind.COMPOUND)
        (match,) = [one for one in subject.search(rock_salt()).compounds if one.reference_set == "mine"]
        assert match.formula == "NaCl"
        assert match.rms == pytest.approx(0, abs=1e-4)
        known = subject.search(perovskite())
        assert "mine" not in [one.reference_set for one in known.matches]
        assert "mine" in [one.name for one in known.searched]

    def test_that_importing_again_leaves_one_set(self, subject: ReferenceLibrary, source: Path) -> None:
        first = subject.import_set(str(source), "mine", FakeContext())
        assert subject.import_set(str(source), "mine", FakeContext()) == first
        assert [one.name for one in subject.sets()].count("mine") == 1

    def test_that_a_removed_set_is_gone_and_cannot_be_removed_again(
        self, subject: ReferenceLibrary, source: Path
    ) -> None:
        subject.import_set(str(source), "mine", FakeContext())
        subject.remove("mine")
        assert "mine" not in [one.name for one in subject.sets()]
        with pytest.raises(UserCorrectable):
            subject.remove("mine")

    def test_that_a_cancelled_import_leaves_nothing(self, subject: ReferenceLibrary, source: Path) -> None:
        with pytest.raises(JobCancelled):
            subject.import_set(str(source), "mine", FakeContext().cancel_after(0))
        assert "mine" not in [one.name for one in subject.sets()]

    def test_that_a_missing_source_is_refused(self, subject: ReferenceLibrary, tmp_path: Path) -> None:
        with pytest.raises(UserCorrectable):
            subject.import_set(str(tmp_path / "nowhere"), None, FakeContext())
