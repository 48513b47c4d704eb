"""The file that init writes: whatever people call things, it reads back as they said it."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from service.draft import Draft, bare_key

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
values = st.one_of(names, st.integers(0, 10**9), st.booleans(), st.dates())
tables = st.dictionaries(names, values, min_size=1, max_size=4)


@given(names, st.dictionaries(names, tables, max_size=3), st.lists(tables, max_size=3))
def test_every_name_and_value_survives_the_writing(title, connections, sources) -> None:
    draft = Draft(project=bare_key(title), title=title, connections=connections, sources=sources)
    read = tomllib.loads(draft.text())
    assert read["version"] == 1
    assert read["connections"] == connections
    if sources:
        project = read["projects"][bare_key(title)]
        assert (project["name"], project["sources"]) == (title, sources)
    else:
        assert "projects" not in read


def test_a_title_becomes_a_plain_key() -> None:
    assert bare_key("Payroll  rollout, phase 2!") == "payroll-rollout-phase-2"
    assert bare_key("工程") == "project"
