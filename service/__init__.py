"""What people and machines touch.

* `cli/` holds the commands; what they share stands here by its subject: `workspace` (config, store, clock,
  secrets), `wiring` and `plugins` (kinds of tracker), `pulling`, `reporting`, `health` and `concerns`.
* Writing from the command line: `writing` (what it stands on), `changeset_page` and `changeset_file`,
  `consent`, `outcomes`, `verdicts`.
* `hooks/` takes webhooks and looks after their registration.
* The daemon: `daemon` starts and stops it, `worker` serves one connection (`hearing`, `pace`, `fenced`),
  `following` does what follows a change (`carrying` writes, `rendering` renders), `timetable` and `errands`
  go by the clock, `operations`, `metrics`, `logs` and `systemd` tell how it is.
* `demo` and `showing` are the demo.
"""
