"""The world's trackers being served, and the configuration with which Crosstie reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Final, Self

from sandbox.github.app import GitHubApp
from sandbox.graph.app import GraphApp
from sandbox.graph.entra import EntraApp
from sandbox.jira.app import JiraApp
from sandbox.server import Stand
from sandbox.world.cast import CAST, GITHUB, JIRA, PLANNER
from sandbox.world.days import GO_LIVE
from sandbox.world.neighbour import FACILITIES
from sandbox.world.world import World

__all__ = ["Sandbox"]

_CA_FILE: Final = "sandbox-ca.pem"
_FINANCE: Final = "finance"
_RATES: Final[Mapping[str, int]] = {
    "project manager": 85,
    "process owner": 70,
    "core lead": 82,
    "analyst": 64,
    "data lead": 74,
    "test lead": 72,
    "integration lead": 88,
    "developer": 76,
    "cut-over lead": 78,
    "network engineer": 68,
}
"""What an hour costs by role; trainers and site managers are paid the default."""

_CONFIG: Final = Template("""\
# The ERP rollout of Northwind: three departments, three trackers, one project; and a smaller one beside it.
# The trackers are stand-ins on this machine; their credentials stand in the environment.
version = 1

[general]
timezone = "Europe/London"   # dates in reports; each tracker keeps its own zone
language = "en-GB"
calendar = { country = "GB", region = "ENG", hours_per_day = 7.5 }
store = { url = "$store" }

[connections.jira]           # Finance
kind = "jira"
url = "$jira"
site = "$jira_site"   # where people open issues
user = "$jira_user"
token = "env:NORTHWIND_JIRA_TOKEN"
write_user = "$jira_writer"    # used only once a project says write = true
write_token = "env:NORTHWIND_JIRA_WRITE_TOKEN"

[connections.github]         # Integration
kind = "github"
url = "$github"
site = "$github_site"
token = "env:NORTHWIND_GITHUB_TOKEN"
write_token = "env:NORTHWIND_GITHUB_WRITE_TOKEN"

[connections.planner]        # Operations
kind = "planner"
url = "$graph/v1.0"
authority = "$entra"
tenant = "$tenant"
client = "$client"
secret = "env:NORTHWIND_PLANNER_SECRET"
write_client = "$writing_client"
write_secret = "env:NORTHWIND_PLANNER_WRITE_SECRET"
ca_file = "$ca_file"   # the sign-in stand-in's own authority

[connections.finance]        # Finance's exports: budget, purchase orders, invoices
kind = "file"
root = $finance
visibility = "restricted"

[connections.facilities]     # what stands in the racks
kind = "file"
root = $facilities

[projects.erp]
name = "ERP rollout"
write = false                # true: tied issues are kept in agreement; see crosstie changes
start = $start
finish = { milestone = "$finish", target = $target }
unit = "points"
budget = { amount = $budget, on = $start }
# The order of the sources says whose value counts where tied issues disagree.
sources = [
  { connection = "jira", project = "ERP", board = $board, estimate = "Story Points", start = "Start date" },
  { connection = "jira", project = "ERPX", estimate = "Story Points", start = "Start date" },
  { connection = "github", repo = "$repo", project = $project },
$plans
  { connection = "finance", name = "Budget", path = "budget.xlsx", cost = "budgeted", currency = "GBP", \
columns = { id = "Line", date = "Month", amount = "Amount" } },
  { connection = "finance", name = "Purchase orders", path = "purchase-orders.csv", cost = "committed", \
delimiter = ";", dates = "DD/MM/YYYY", columns = { id = "Order", date = "Ordered", amount = "Net" } },
  { connection = "finance", name = "Invoices", path = "invoices/*.csv", cost = "actual", \
columns = { id = "Invoice", date = "Invoice date", amount = "Net" } },
]

[projects.erp.ties]          # a URL in a text ties by itself
keys = ["ERP-\\\\d+", "ERPX-\\\\d+"]
suggest_by_title = true

[projects.erp.dimensions]
wave = { from = "label", pattern = "wave:(.+)" }
department = { from = "source" }
module = { from = "component" }

[projects.dcm]               # shares trackers and people with the rollout, and no work
name = "$dcm_name"
start = $start
finish = { milestone = "$dcm_finish", target = $dcm_target }
unit = "points"
sources = [
  { connection = "jira", project = "$dcm", estimate = "Story Points", start = "Start date" },
  { connection = "planner", plan = "$dcm_plan", name = "$dcm_name", timezone = "Europe/London" },
  { connection = "facilities", name = "Server list", path = "server-list.csv", delimiter = ";", \
encoding = "cp1252", dates = "DD.MM.YYYY" },
]

[projects.dcm.ties]
keys = ["DCM-\\\\d+"]

[projects.dcm.dimensions]
wave = { from = "label", pattern = "wave:(.+)" }

[mapping.status]             # words that the trackers do not explain themselves
todo = ["Backlog", "To Do", "Todo", "Not started", "Planned"]
doing = ["In Progress", "In Review", "Blocked", "Active"]
done = ["Done", "Completed"]
cancelled = ["Cancelled", "Won't Do"]

[rates]                      # an hour's price; what is logged costs that much
currency = "GBP"
default = 65
roles = { $roles }
dated = [{ from = 2026-04-01, person = "p-raman", rate = 68 }]
exchange = [
  { from = "EUR", to = "GBP", on = 2026-01-01, rate = 0.86 },
  { from = "EUR", to = "GBP", on = 2026-04-01, rate = 0.87 },
]

[people]                     # one person, several accounts
$people
""")

_PLAN: Final = Template(
    '  { connection = "planner", plan = "$plan", name = "$title", estimate_label = "^(\\\\d+) points?$$", '
    'timezone = "Europe/London" },'
)


class Sandbox:
    """Serves a world: Jira, GitHub, Graph and, over TLS, the sign-in that Graph asks for.

    Used by `with`. The throw-away certificate authority is written into `folder`, where the configuration
    expects it, and so are the files of Finance and Facilities, again after every act. `environ` holds the
    credentials, which open nothing but these stand-ins.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.jira = Stand(JiraApp(world.jira.site))
        self.github = Stand(GitHubApp(world.github.site))
        self.graph = Stand(GraphApp(world.planner.site))
        self.entra = Stand(EntraApp(world.planner.site), tls=True)
        self.environ: Mapping[str, str] = {
            "NORTHWIND_JIRA_TOKEN": world.jira.reader_token,
            "NORTHWIND_GITHUB_TOKEN": world.github.reader_token,
            "NORTHWIND_PLANNER_SECRET": world.planner.reader_secret,
            "NORTHWIND_JIRA_WRITE_TOKEN": world.jira.writer_token,
            "NORTHWIND_GITHUB_WRITE_TOKEN": world.github.writer_token,
            "NORTHWIND_PLANNER_WRITE_SECRET": world.planner.writer_secret,
        }
        self._running = ExitStack()

    @property
    def stands(self) -> Mapping[str, Stand]:
        """By the connection that talks to them; the sign-in stand-in as "entra"."""
        return {JIRA: self.jira, GITHUB: self.github, PLANNER: self.graph, "entra": self.entra}

    def start(self) -> Self:
        """Serve all four; returns when they answer."""
        for stand in self.stands.values():
            self._running.enter_context(stand)
        assert self.entra.ca_pem is not None
        (self.folder / _CA_FILE).write_bytes(self.entra.ca_pem)
        self.world.finance.keep_in(self.folder / _FINANCE)
        self.world.neighbour.keep_in(self.folder / FACILITIES)
        return self

    def stop(self) -> None:
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def config_text(self, store: str = "sqlite:///crosstie.db") -> str:
        """A whole crosstie.toml for the world as it is served; to be written into `folder`."""
        world = self.world
        return _CONFIG.substitute(
            store=store,
            jira=self.jira.url,
            jira_site=world.jira.site.url,
            jira_user=world.jira.reader,
            jira_writer=world.jira.writer,
            github=self.github.url,
            github_site=world.github.url,
            graph=self.graph.url,
            entra=self.entra.url,
            tenant=world.planner.site.id,
            client=world.planner.reader,
            writing_client=world.planner.writer,
            ca_file=_CA_FILE,
            start=world.start.date(),
            finish=GO_LIVE.name,
            target=GO_LIVE.due,
            board=world.jira.board,
            repo=world.github.repo,
            project=world.github.project,
            plans="\n".join(
                _PLAN.substitute(plan=plan, title=title) for plan, title in world.planner.titles.items()
            ),
            people="\n".join(self._people()),
            dcm=world.neighbour.jira_key,
            dcm_name=world.neighbour.name,
            dcm_finish=world.neighbour.goal,
            dcm_target=world.neighbour.target,
            dcm_plan=world.neighbour.plan,
            budget=world.finance.approved,
            facilities=json.dumps(str((self.folder / FACILITIES).resolve())),
            finance=json.dumps(str((self.folder / _FINANCE).resolve())),
            roles=", ".join(f'"{role}" = {rate}' for role, rate in _RATES.items()),
        )

    def _people(self) -> list[str]:
        lines = []
        for person in CAST:
            ids = dict(person.logins)
            if GITHUB in ids:
                ids[GITHUB] = self.world.github.site.account(ids[GITHUB]).node_id
            accounts = ", ".join(f'{tracker} = "{id}"' for tracker, id in ids.items())
            facts = f'name = "{person.name}", role = "{person.role}", accounts = {{ {accounts} }}'
            lines.append(f"{person.key} = {{ {facts} }}")
        return lines
