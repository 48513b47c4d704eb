"""From what trackers say to one history, and from one person's edit to the other trackers.

In the order in which data flows:

* read: `pull` drives a connector, `record` stores each batch (`explain` says why a record differs, `fitness`
  what a store can keep); `reading` fetches single issues, `remap` replays stored pages.
* tie: `match` finds the evidence, `tie` stores it; `authority` says which of it may lead to a write,
  `markers` seals our own, `people` says which accounts are one person.
* decide: `merge` is the three-way merge, over the comparable values of `sides` (`express` and `titles` turn
  them back into each tracker's terms). `changes` computes a `changeset` for the project's `charter`: `groups`
  reads its ties, `decide` one of them, `mirror` those without a twin, `audience` who may see it; `memory` is
  what was looked at before, `reconcile` the read-only comparison that reports show.
* write: `apply` carries a changeset out within `guards`, `carry` for one target; `send` is the one door to a
  tracker; `intents` are its rows in the outbox, `settle` and `standing` how they end, `resume`, `twins` and
  `earlier` what an earlier run left; `undo` takes a run back, `own` tells our writes beside history.
* `cycle` is all of it, once.
"""
