"""No secret leaves the process: not to a stream, not to a report, not to the store or its folder."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from sandbox.run import Sandbox
from service.failures import Exit
from tests.service.commandline import CommandLine, Done, laid_out

CANARIES = {
    "NORTHWIND_JIRA_TOKEN": 'Jc4nary+/7fQ"z\\%41=k2',
    "NORTHWIND_GITHUB_TOKEN": "ghp_Gc4nary0123456789ABCDEFabcdef456789",
    "NORTHWIND_PLANNER_SECRET": "Pc4nary~8Q.x/+&=\"\\%7B'w9",
    "NORTHWIND_JIRA_WRITE_TOKEN": 'Jwr1te+/2fP"y\\%25=m4',
    "NORTHWIND_GITHUB_WRITE_TOKEN": "ghp_Gwr1te9876543210ZYXWVUzyxwvu987654",
    "NORTHWIND_PLANNER_WRITE_SECRET": "Pwr1te~3W.z/+&=\"\\%5B'q2",
}
"""Made up for this test, with every character that some encoding writes in another way."""


def guises(secret: str) -> Iterator[bytes]:
    """The ways in which a secret may hide in a text; longer than what chance brings."""
    yield secret.encode()
    yield secret[::-1].encode()
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(json.dumps(secret)[1:-1])[1:-1].encode()
    yield repr(secret)[1:-1].encode()
    for quoted in (quote(secret), quote(secret, safe=""), quote_plus(secret), quote(quote(secret, safe=""))):
        yield quoted.encode()
        yield quoted.lower().encode()
    for width in ("utf-16-le", "utf-16-be"):
        yield secret.encode(width)
    yield secret.encode().hex().encode()
    yield secret.encode().hex().upper().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            # Whatever stands before the secret shifts it by 0 to 2 bytes; the ends depend on the neighbours.
            yield encode(b"x" * before + secret.encode())[4:-4]
    yield base64.b32encode(secret.encode())[:-8]


def leaks(places: dict[str, bytes], secrets: dict[str, str]) -> list[tuple[str, str]]:
    """Every place that holds a secret in some guise, with the secret's name."""
    return [
        (place, name)
        for place, held in places.items()
        for name, secret in secrets.items()
        if any(guise in held for guise in guises(secret))
    ]


def streams(label: str, done: Done) -> dict[str, bytes]:
    return {
        f"{label}: {name}": text.encode("utf-8", "surrogateescape")
        for name, text in (("stdout", done.stdout), ("stderr", done.stderr))
    }


@pytest.fixture(scope="module")
def line(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line whose credentials are the canaries, which the three trackers accept."""
    world = sandbox.world
    account = world.jira.site.tokens[world.jira.reader, world.jira.reader_token]
    world.jira.site.add_token(account, world.jira.reader, CANARIES["NORTHWIND_JIRA_TOKEN"])
    scopes = ("repo", "read:org", "read:project")
    world.github.site.add_token("northwind-crosstie", CANARIES["NORTHWIND_GITHUB_TOKEN"], scopes)
    app = world.planner.site.apps[world.planner.reader]
    world.planner.site.add_app(world.planner.reader, CANARIES["NORTHWIND_PLANNER_SECRET"], app.roles)
    account = world.jira.site.tokens[world.jira.writer, world.jira.writer_token]
    world.jira.site.add_token(account, world.jira.writer, CANARIES["NORTHWIND_JIRA_WRITE_TOKEN"])
    scopes = ("repo", "read:org", "project")
    world.github.site.add_token("northwind-crosstie-sync", CANARIES["NORTHWIND_GITHUB_WRITE_TOKEN"], scopes)
    app = world.planner.site.apps[world.planner.writer]
    world.planner.site.add_app(world.planner.writer, CANARIES["NORTHWIND_PLANNER_WRITE_SECRET"], app.roles)
    made = laid_out(sandbox, tmp_path_factory.mktemp("secrets"))
    made.environ |= CANARIES
    return made


def test_no_secret_is_found_in_anything_that_was_said_or_written(line: CommandLine, sandbox: Sandbox) -> None:
    said: dict[str, bytes] = {}

    def run(code: Exit, *args: str, **environ: str) -> None:
        done = line.run(*args, **environ)
        assert done.returncode == code, (args, done.stdout, done.stderr)
        said.update(streams(" ".join(args) + repr(environ), done))

    run(Exit.DONE, "check", "--json")
    run(Exit.DONE, "--debug", "pull")
    for kind, layout in (("status", "html"), ("status", "json"), ("slip", "md"), ("scope", "terminal")):
        run(Exit.DONE, "report", kind, "--format", layout, "--output", f"{kind}.{layout}")
    run(Exit.DONE, "db", "info", "--json")
    before = len(sandbox.jira.requests)
    other = {"CROSSTIE_NOW": "2026-01-06T12:00:00+00:00"}
    # Each credential is offered where another belongs: the trackers refuse it, and may say it back. What lies
    # in files needs none.
    jira, github, planner, *_ = CANARIES
    swapped = {jira: CANARIES[github], github: CANARIES[planner], planner: CANARIES[jira]}
    run(Exit.PARTLY_DONE, "--debug", "pull", **other, **swapped)
    jira_flags = f"name=j,kind=jira,url={sandbox.jira.url},user={sandbox.world.jira.reader},token=env:{jira}"
    run(
        Exit.REFUSED_BY_TRACKER,
        *(
            "--debug",
            "init",
            "--output",
            "new.toml",
            "--connection",
            jira_flags,
            "--source",
            "connection=j,project=ERP",
        ),
        **swapped,
    )
    assert sum(b"Traceback" in text for text in said.values()) == 1
    line.config.with_name("typed.toml").write_text(
        line.config.read_text().replace("env:NORTHWIND_GITHUB_TOKEN", CANARIES[github])
    )
    run(Exit.CONFIGURATION, "--debug", "--config", "typed.toml", "check")
    line.config.with_name("typed.toml").unlink()
    (line.folder / "full").mkdir()
    run(Exit.CONFIGURATION, "--debug", "report", "status", "--output", "missing/status.html")
    assert len(sandbox.jira.requests) > before
    for name in line.files():
        assert "core" not in name
    places = said | line.files()
    assert {"crosstie.db", "crosstie.toml", "status.html", "status.json", "slip.md"} <= places.keys()
    assert leaks(places, CANARIES) == []


def test_while_a_pull_writes_the_files_beside_the_store_hold_no_secret_either(line: CommandLine) -> None:
    with line.store() as store, store.database.reading(), line.start("pull") as process:
        # The reader keeps the write-ahead log from being folded away when the pull ends.
        out, err = process.communicate(timeout=120)
        beside = line.files()
    assert process.returncode == Exit.DONE, out + err
    assert "crosstie.db-wal" in beside
    assert leaks(beside, CANARIES) == []


def test_the_sandbox_was_really_asked_with_the_canaries(line: CommandLine, sandbox: Sandbox) -> None:
    before = {name: len(stand.requests) for name, stand in sandbox.stands.items()}
    assert line.run("check").returncode == Exit.DONE
    asked = [request for name, stand in sandbox.stands.items() for request in stand.requests[before[name] :]]
    sent = [" ".join(request.headers.values()).encode() + b" " + request.body for request in asked]
    found = {name for _, name in leaks({str(n): text for n, text in enumerate(sent)}, CANARIES)}
    assert found == CANARIES.keys()


@pytest.mark.parametrize("name", CANARIES)
def test_the_search_finds_a_planted_secret_in_every_guise(name: str, tmp_path: Path) -> None:
    secret = CANARIES[name]
    basic = base64.b64encode(f"somebody@northwind.example:{secret}".encode())
    planted = {
        "raw": secret.encode(),
        "reversed": secret[::-1].encode(),
        "JSON": json.dumps({"token": secret}).encode(),
        "JSON in JSON": json.dumps({"body": json.dumps({"token": secret})}).encode(),
        "URL": f"client_secret={quote(secret, safe='')}&x=1".encode(),
        "form": f"client_secret={quote_plus(secret)}".encode(),
        "hex": secret.encode().hex().encode(),
        "basic": b"Authorization: Basic " + basic,
        "wide": secret.encode("utf-16-le"),
    }
    for guise, text in planted.items():
        assert leaks({guise: b"before " + text + b" after"}, CANARIES) == [(guise, name)]
    line = CommandLine(tmp_path)
    line.database.write_bytes(b"\0" * 4096 + secret.encode() + b"\0" * 4096)
    assert leaks(line.files(), CANARIES) == [("crosstie.db", name)]
