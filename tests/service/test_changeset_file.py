"""A saved changeset is applied as it was looked at, or not at all."""

import json

import pytest

from service.changeset_file import load_changeset, save_changeset
from service.failures import Exit, Failure
from tests.service.changesets import CHANGESET


def test_a_saved_changeset_comes_back_as_it_was_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "changeset.json"
    save_changeset(path, CHANGESET)
    assert load_changeset(path) == CHANGESET
    assert path.stat().st_mode & 0o077 == 0


def test_a_changeset_that_was_altered_is_refused(tmp_path):
    path = tmp_path / "changeset.json"
    save_changeset(path, CHANGESET)
    text = path.read_text()
    path.write_text(text.replace("2026-04-09", "2026-05-09"))
    with pytest.raises(Failure, match=r"was altered since it was saved.*crosstie changes -o") as refused:
        load_changeset(path)
    assert refused.value.exit is Exit.REFUSED_BY_GUARD


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", json.dumps({"schema": "crosstie/changeset/1"})])
def test_a_file_that_holds_no_changeset_is_named(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Failure, match=r"other\.json holds no changeset"):
        load_changeset(path)


def test_a_changeset_of_another_version_is_named(tmp_path):
    path = tmp_path / "changeset.json"
    save_changeset(path, CHANGESET)
    path.write_text(path.read_text().replace("crosstie/changeset/1", "crosstie/changeset/9"))
    with pytest.raises(Failure, match='is "crosstie/changeset/9", not "crosstie/changeset/1"'):
        load_changeset(path)


def test_a_folder_is_not_written_to(tmp_path):
    with pytest.raises(Failure, match="is a folder"):
        save_changeset(tmp_path, CHANGESET)
