"""From a change at a tracker to the store, over real webhooks: registered, delivered, missed, renewed."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.secrets import Secret
from sandbox.github.hooks import Reply
from service.concerns import find_concerns
from service.failures import Failure
from service.hooks.doors import open_doors
from service.hooks.upkeep import desk_of, look_after
from tests.connectors.github_desk import REPO, TOKEN
from tests.service.daemon_run import Run, eventually
from tests.service.hooked_site import CONFIG, ENVIRON, SECRET, Site, site

__all__ = ["site"]


def test_a_change_arrives_by_its_webhook_long_before_the_next_poll(site: Site) -> None:
    site.desk.wait(minutes=1)
    site.desk.site.edit_issue(REPO, 1, "ada", title="Renamed")
    number = site.desk.issue("Brand new", card=False)
    sent = site.app.hooks.pump()
    assert {delivery.reply.status for delivery in sent if delivery.reply} == {202}
    eventually(lambda: site.title(1) == "Renamed")
    eventually(lambda: site.title(number) == "Brand new", 20)
    eventually(site.settled)


def test_deliveries_doubled_and_in_reverse_end_in_the_same_state(site: Site) -> None:
    site.desk.wait(minutes=1)
    for count in range(5):
        site.desk.wait(seconds=5)
        site.desk.site.edit_issue(REPO, 1, "ada", title=f"Name {count}")
    site.app.hooks.pump(duplicate=True, reorder=True)
    eventually(lambda: site.title(1) == "Name 4")
    eventually(site.settled)


def test_installing_again_changes_the_one_webhook_that_is_there(site: Site) -> None:
    site.install()
    (hook,) = site.app.hooks.hooks.values()
    assert (hook.content_type, hook.secret, hook.active) == ("json", SECRET, True)
    assert {"issues", "sub_issues"} <= hook.events
    with desk_of(site.workspace, "gh") as hooks:
        site.app.hooks.pump()
        (ours,) = hooks.ours()
    assert ours.trouble == ""


def test_what_was_missed_is_sent_again_by_the_hourly_upkeep(site: Site) -> None:
    site.app.hooks.pump()
    site.desk.wait(minutes=1)
    site.desk.site.edit_issue(REPO, 1, "ada", title="Missed")
    site.app.hooks.pump(drop=lambda delivery: True)
    assert site.title(1) == "First"
    assert look_after(site.workspace) == "0 webhooks renewed, 1 deliveries sent again"
    site.app.hooks.pump()
    eventually(lambda: site.title(1) == "Missed")
    assert look_after(site.workspace) == "0 webhooks renewed, 0 deliveries sent again"


def test_a_delivery_that_is_not_ours_is_not_taken_for_missed(site: Site) -> None:
    site.app.hooks.pump()
    site.desk.site.edit_issue(REPO, 1, "ada", title="Not ours")
    (waiting,) = site.app.hooks.waiting
    site.app.hooks.send = lambda delivery: Reply(403)
    site.app.hooks.pump()
    assert waiting.event == "issues"
    assert look_after(site.workspace) == "0 webhooks renewed, 0 deliveries sent again"


def test_a_trial_that_nobody_can_read_is_one_concern_with_its_command(site: Site) -> None:
    hook = next(iter(site.app.hooks.hooks.values()))
    site.app.hooks._queue(hook, "issues", "edited", {"issue": 7})
    site.app.hooks.pump()

    def parked() -> bool:
        return any(concern.kind == "webhook" for concern in find_concerns(site.workspace))

    eventually(parked)
    (concern,) = [one for one in find_concerns(site.workspace) if one.kind == "webhook"]
    assert concern.command == "crosstie hooks replay gh"
    assert concern.since == site.desk.clock.now()


def test_a_secret_is_changed_over_without_losing_a_delivery(site: Site) -> None:
    site.app.hooks.pump()
    config = site.folder / "crosstie.toml"
    old = 'webhook_secret = "env:HOOK"'
    config.write_text(
        config.read_text().replace(old, 'webhook_secret = "env:HOOK_NEXT", webhook_secret_old = "env:HOOK"')
    )
    site.run.daemon.reload()
    site.desk.wait(minutes=1)
    site.desk.site.edit_issue(REPO, 1, "ada", title="Signed with the old one")
    site.app.hooks.pump()
    eventually(lambda: site.title(1) == "Signed with the old one")
    site.install()
    (hook,) = site.app.hooks.hooks.values()
    assert hook.secret == ENVIRON["HOOK_NEXT"]
    site.desk.site.edit_issue(REPO, 1, "ada", title="Signed with the new one")
    site.app.hooks.pump()
    eventually(lambda: site.title(1) == "Signed with the new one")
    kinds = {concern.kind for concern in find_concerns(site.workspace)}
    assert "rotation" in kinds, "the old secret is not forgotten about"


def test_no_secret_stands_in_the_log_or_the_metrics(site: Site) -> None:
    site.desk.site.edit_issue(REPO, 1, "ada", title="Told")
    site.app.hooks.pump()
    eventually(site.settled)
    texts = [site.run.told.getvalue(), site.run.ask("/metrics")[1].decode()]
    for canary in (SECRET, TOKEN):
        assert not any(canary in text for text in texts)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HOOK": ""}, "env:HOOK: it is empty"),
        ({"HOOK": " " * 40}, "env:HOOK: it is empty"),
        ({"HOOK": "short"}, "env:HOOK: it has fewer than 8"),
        ({"HOOK": "fifteen bytes.."}, "shorter than 16 bytes"),
    ],
)
def test_a_secret_that_is_none_stops_the_start(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    text = CONFIG.replace("URL", "https://api.github.com", 1).replace("REPO", REPO)
    (tmp_path / "crosstie.toml").write_text(text.replace("PORT", "8471").replace("METRICS", "8472"))
    run = Run(tmp_path, {**ENVIRON, **environ})
    with pytest.raises(Exception, match=said):
        open_doors(run.daemon.workspace)
    run.daemon.workspace.close()


def test_one_secret_for_two_connections_stops_the_start(tmp_path: Path) -> None:
    text = CONFIG.replace("URL", "https://api.github.com", 1).replace("REPO", REPO)
    line = text.splitlines()[3]
    text = text.replace(line, f"{line}\n{line.replace('gh =', 'gh2 =').replace('env:HOOK', 'env:SAME')}")
    (tmp_path / "crosstie.toml").write_text(text.replace("PORT", "8471").replace("METRICS", "8472"))
    run = Run(tmp_path, {**ENVIRON, "SAME": SECRET})
    with pytest.raises(Failure, match="have the same webhook secret"):
        open_doors(run.daemon.workspace)
    run.daemon.workspace.close()
    assert Secret(SECRET, "a") == Secret(SECRET, "b")
