"""The page on writing a connector is true: its files are installed, pass the contract and are read from."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/how-to/write-a-connector.md"
Done = subprocess.CompletedProcess[str]


def blocks() -> dict[str, str]:
    """Each file of the page, by the name that stands above it."""
    found = re.findall(
        r"^`([\w.]+)`\n\n```\w+\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return dict(found)


def install(folder: Path, into: Path) -> None:
    """Install a distribution's folder for real, without asking anybody for anything."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    ]
    subprocess.run([*pip, "--target", str(into), str(folder)], check=True, capture_output=True)


class Desk:
    """A folder with the page's files, and the connector installed beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.site = folder, folder / "site"
        source = folder / "source"
        source.mkdir()
        for name, text in blocks().items():
            (source if name != "crosstie.toml" else folder).joinpath(name).write_text(text, "utf-8")
        install(source, self.site)
        (source / "crosstie_notebook.py").unlink()
        self.tests = source

    def run(self, *args: str, cwd: Path | None = None, **environ: str) -> Done:
        own = {"PYTHONPATH": f"{self.site}{os.pathsep}{ROOT}", "NOTEBOOK_TOKEN": "the-right-token"}
        outer = {name: text for name, text in os.environ.items() if not name.startswith("SLIPCOVER_")}
        return subprocess.run(
            [sys.executable, *args],
            cwd=cwd or self.folder,
            env={**outer, **own, **environ},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )

    def crosstie(self, *args: str) -> Done:
        return self.run("-m", "service.entry", "--no-input", *args, CROSSTIE_NOW="2026-03-02T09:00:00+00:00")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("author"))


def test_the_page_has_every_file_it_speaks_of() -> None:
    assert set(blocks()) == {"pyproject.toml", "crosstie_notebook.py", "test_notebook.py", "crosstie.toml"}


def test_the_connector_imports_the_stable_module_only() -> None:
    folders = "config|connectors|model|reports|sandbox|service|sync"
    ours = re.findall(rf"^from ((?:{folders})[\w.]*)", blocks()["crosstie_notebook.py"], re.MULTILINE)
    assert ours == ["connectors.api"]


def test_the_connector_passes_the_contract(desk: Desk) -> None:
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(desk.tests), "-W", "error"]
    done = desk.run("-m", "pytest", *options, "test_notebook.py", cwd=desk.tests)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed", done.stdout)
    assert "skipped" not in done.stdout.replace("1 skipped", ""), done.stdout


def _stand_in() -> Any:
    """The server that plays the tracker in the page's own tests."""
    module = ModuleType("notebook_stand_in")
    text = blocks()["test_notebook.py"]
    server = text[text.index("class Notebook(") : text.index("@pytest.fixture")]
    module.__dict__.update(
        json=json, parse_qs=parse_qs, urlsplit=urlsplit, BaseHTTPRequestHandler=BaseHTTPRequestHandler, PAGE=3
    )
    exec(compile("from __future__ import annotations\n" + server, str(PAGE), "exec"), module.__dict__)
    return module


def test_the_connector_is_a_kind_like_any_other(desk: Desk) -> None:
    book = _stand_in().Notebook
    for number in range(5):
        book.put(f"{number}", title=f"Issue {number}", due="2026-04-01")
    with ThreadingHTTPServer(("127.0.0.1", 0), book) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        config = desk.folder / "crosstie.toml"
        url = f"http://127.0.0.1:{server.server_address[1]}"
        config.write_text(blocks()["crosstie.toml"].replace("http://127.0.0.1:8000", url))
        checked = desk.crosstie("check")
        pulled = desk.crosstie("pull")
        reported = desk.crosstie("report", "status", "--project", "kitchen")
        remapped = desk.crosstie("remap")
        given = f"name=notes,kind=notebook,url={url},token=env:NOTEBOOK_TOKEN"
        wanted = ["--source", "connection=notes,list=kitchen", "--project", "Kitchen", "--timezone", "UTC"]
        begun = desk.crosstie("init", "--connection", given, *wanted, "-o", "begun.toml")
        server.shutdown()
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "notes: reached, signed in as pm@example" in checked.stdout
    assert pulled.returncode == 0, pulled.stderr
    assert "notes kitchen: 5 issues read, 5 new, 0 changed, 0 events, 2 requests" in pulled.stdout
    assert reported.returncode == 0, reported.stderr
    assert "New kitchen" in reported.stdout
    assert "2 pages of 5 issues; 0 new, 0 changed" in remapped.stdout, remapped.stderr
    assert begun.returncode == 0, begun.stderr
    assert 'kind = "notebook"' in (desk.folder / "begun.toml").read_text("utf-8")


def test_the_wizard_asks_for_what_its_connection_requires(desk: Desk) -> None:
    asked = desk.run("-c", "from service.starting import questions; print(questions('notebook'))").stdout
    assert ast.literal_eval(asked) == (
        ("url", "Address of the server", "https://notes.example"),
        ("token", "Reference to the token", "env:NOTEBOOK_TOKEN"),
    )


def test_the_schema_and_the_list_of_kinds_know_it(desk: Desk) -> None:
    assert '"notebook"' in desk.crosstie("config", "schema").stdout
    asked = desk.crosstie("init", "--connection", "name=x,kind=nonsense", "-o", "new.toml")
    assert ", notebook." in asked.stderr


FAULTY = {
    "broken": ("import nothing_of_this_name", "cannot be imported (ModuleNotFoundError"),
    "empty": ("", "has no KIND"),
    "jira": ("KIND = None", 'the kind "jira" is Crosstie\'s own and stays so'),
}


@pytest.fixture(scope="module")
def faulty(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which three faulty distributions are installed."""
    site = tmp_path_factory.mktemp("faulty")
    for kind, (text, _) in FAULTY.items():
        source = tmp_path_factory.mktemp(kind)
        build = blocks()["pyproject.toml"]
        build = build.replace("crosstie-notebook", f"crosstie-{kind}").replace("notebook =", f"{kind} =")
        (source / "pyproject.toml").write_text(build.replace("crosstie_notebook", f"crosstie_{kind}"))
        (source / f"crosstie_{kind}.py").write_text(text + "\n")
        install(source, site)
    return site


def test_a_faulty_connector_is_named_and_stops_nothing_else(desk: Desk, faulty: Path) -> None:
    (faulty / "plan.csv").write_text("id,title\n1,One\n")
    (faulty / "crosstie.toml").write_text(
        "version = 1\n[connections.odd]\nkind = 'broken'\nurl = 'x'\n"
        "[connections.files]\nkind = 'file'\nroot = '.'\n[projects.p]\nname = 'P'\n"
        "sources = [{ connection = 'odd', list = 'kitchen' }, { connection = 'files', path = 'plan.csv' }]\n"
    )
    path = {"PYTHONPATH": f"{faulty}{os.pathsep}{ROOT}"}
    checked = desk.run("-m", "service.entry", "check", cwd=faulty, **path)
    for kind, (_, fault) in FAULTY.items():
        assert f"crosstie-{kind} 1.0" in checked.stdout
        assert fault in checked.stdout
    pulled = desk.run("-m", "service.entry", "pull", cwd=faulty, **path)
    assert pulled.returncode == 6
    assert "files plan.csv: 1 issue read" in pulled.stdout
    assert "odd kitchen: odd cannot be used. crosstie-broken 1.0: crosstie_broken cannot be" in pulled.stderr
    assert "Traceback" not in pulled.stderr + checked.stderr


def test_a_connector_that_breaks_while_reading_stops_its_own_source_only(desk: Desk, tmp_path: Path) -> None:
    text = blocks()["crosstie_notebook.py"]
    (tmp_path / "source").mkdir()
    (tmp_path / "source/pyproject.toml").write_text(blocks()["pyproject.toml"])
    broken = text.replace(
        "        rev, _, walk = ", '        raise KeyError("rev")\n        rev, _, walk = ', 1
    )
    assert broken != text
    (tmp_path / "source/crosstie_notebook.py").write_text(broken)
    install(tmp_path / "source", tmp_path / "site")
    (tmp_path / "plan.csv").write_text("id,title\n1,One\n")
    config = blocks()["crosstie.toml"].replace(
        "sources = [", "sources = [{ connection = 'f', path = 'plan.csv' }, "
    )
    (tmp_path / "crosstie.toml").write_text(config + "[connections.f]\nkind = 'file'\nroot = '.'\n")
    path = {"PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}"}
    pulled = desk.run("-m", "service.entry", "pull", cwd=tmp_path, **path)
    assert pulled.returncode == 6, pulled.stderr
    assert "f plan.csv: 1 issue read" in pulled.stdout
    assert "notes kitchen: The connector of crosstie-notebook 1.0 failed (KeyError: 'rev')" in pulled.stderr
    assert "Traceback" not in pulled.stderr


def test_what_authors_may_import_is_listed_and_there() -> None:
    from connectors import api

    assert sorted(api.__all__, key=lambda name: (not name.isupper(), name)) == sorted(
        (name for name in vars(api) if not name.startswith("_") and name != "annotations"),
        key=lambda name: (not name.isupper(), name),
    )
