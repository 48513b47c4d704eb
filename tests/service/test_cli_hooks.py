"""crosstie hooks, as people run it: list, install, verify, rotate, replay."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.connectors.github_desk import REPO
from tests.service.commandline import CommandLine, Done
from tests.service.daemon_run import eventually
from tests.service.hooked_site import ENVIRON, SECRET, Site, site

__all__ = ["site"]


def _crosstie(site: Site, *args: str) -> Done:
    now = site.desk.clock.now().isoformat()
    return CommandLine(site.folder, {**ENVIRON, "CROSSTIE_NOW": now}).run("hooks", *args)


@contextmanager
def _sending(site: Site) -> Iterator[None]:
    """GitHub sends what waits, as it does without being asked."""
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.05):
            site.app.hooks.pump()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_the_webhooks_are_listed_with_what_came_through_them(site: Site) -> None:
    site.app.hooks.pump()
    eventually(site.settled)
    done = _crosstie(site, "list")
    assert done.returncode == 0, done.stderr
    assert "gh: last heard 02 Mar 2026" in done.stdout
    assert f"✓ {REPO}" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_a_webhook_that_is_gone_is_missed_and_registered_again(site: Site) -> None:
    (hook,) = site.app.hooks.hooks.values()
    site.app.hooks.remove(hook)
    assert "none at the tracker. Register it: crosstie hooks install gh" in _crosstie(site, "list").stdout
    refused = _crosstie(site, "verify")
    assert refused.returncode == 3
    assert "crosstie hooks install gh" in refused.stderr
    assert _crosstie(site, "install").returncode == 0
    assert len(site.app.hooks.hooks) == 1


def test_verify_waits_for_the_trial_and_says_when_none_comes(site: Site) -> None:
    site.app.hooks.pump()
    eventually(site.settled)
    site.desk.wait(minutes=1)
    with _sending(site):
        good = _crosstie(site, "verify", "--wait", "20")
    assert good.returncode == 0, good.stderr
    assert "1 webhook in order; the trial arrived" in good.stdout
    site.desk.wait(minutes=1)
    silent = _crosstie(site, "verify", "--wait", "1")
    assert silent.returncode == 6
    assert "the trial did not arrive in 1 s" in silent.stderr


def test_rotate_says_what_to_write_first(site: Site) -> None:
    done = _crosstie(site, "rotate", "gh")
    assert done.returncode == 3
    assert "env:HOOK, as webhook_secret_old" in done.stderr
    assert SECRET not in done.stderr


def test_replay_has_the_missed_sent_again(site: Site) -> None:
    site.app.hooks.pump()
    site.desk.site.edit_issue(REPO, 1, "ada", title="Missed")
    site.app.hooks.pump(drop=lambda delivery: True)
    done = _crosstie(site, "replay")
    assert done.returncode == 0, done.stderr
    assert "gh: the tracker sends 1 delivery again" in done.stdout
    site.app.hooks.pump()
    eventually(lambda: site.title(1) == "Missed")


def test_a_connection_that_takes_none_is_named_with_those_that_do(site: Site, tmp_path: Path) -> None:
    done = _crosstie(site, "verify", "other")
    assert done.returncode == 2
    assert "Those that do: gh" in done.stderr
