"""`crosstie remap` and `crosstie pull --full` on the stand-ins: true to what was read, and sparing."""

from __future__ import annotations

import json
from collections import Counter

from model.values import StatusCategory
from sandbox.run import Sandbox
from tests.service.commandline import CommandLine
from tests.service.test_cli_resume import contents


def asked(sandbox: Sandbox) -> int:
    """How many requests the stand-ins have answered."""
    return sum(len(stand.requests) for stand in sandbox.stands.values())


def test_a_remap_under_the_same_config_changes_nothing_and_asks_nobody(
    pulled: CommandLine, sandbox: Sandbox
) -> None:
    before, requests = contents(pulled.view()), asked(sandbox)
    done = pulled.run("remap", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["sources"]
    for source in told["sources"]:
        counts = {key: source[key] for key in ("added", "changed", "events", "restated")}
        assert counts == dict.fromkeys(counts, 0), source
        assert source["missing"] == [], source
    assert asked(sandbox) == requests
    assert contents(pulled.view()) == before


def test_another_meaning_of_a_word_is_rehearsed_then_restated(pulled: CommandLine, sandbox: Sandbox) -> None:
    before = contents(pulled.view())
    words = Counter(i.status_original for i in pulled.view().all_issues() if i.ref.connection == "github")
    ((word, count),) = words.most_common(1)
    text = pulled.config.read_text("utf-8")
    changed = text.replace("cancelled = [", f'cancelled = ["{word}", ').replace(f'"{word}", "', '"', 1)
    pulled.config.write_text(changed)
    rehearsed = pulled.run("remap", "--dry-run", "--json")
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert contents(pulled.view()) == before
    done = pulled.run("remap", "--json")
    assert json.loads(done.stdout)["sources"] == json.loads(rehearsed.stdout)["sources"]
    github = next(each for each in json.loads(done.stdout)["sources"] if each["connection"] == "github")
    assert github["fields"] == {"status": count}
    now = [i for i in pulled.view().all_issues() if i.ref.connection == "github"]
    assert {i.status for i in now if i.status_original == word} == {StatusCategory.CANCELLED}


def test_a_full_pull_reads_everything_again_and_doubles_nothing(
    pulled: CommandLine, sandbox: Sandbox
) -> None:
    before, requests = contents(pulled.view()), asked(sandbox)
    done = pulled.run("pull", "--full")
    assert done.returncode == 0, done.stderr
    full = asked(sandbox) - requests
    assert contents(pulled.view()) == before
    requests = asked(sandbox)
    assert pulled.run("pull").returncode == 0
    assert asked(sandbox) - requests < full
    assert contents(pulled.view()) == before
