"""The one function that makes sentences: every format says a fact in the same words.

A number comes with its unit and a word for its direction, a slip with its beginning and its cause, an unknown
with the reason and the next step. People are named for what they did, never for why.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from zoneinfo import ZoneInfo

from reports.causes import Cause
from reports.cost.news import CostNews
from reports.cost.report import CostReport, Unpriced
from reports.decisions import Decision, Disputed
from reports.figures import Reason
from reports.freshness import SourceRow
from reports.gaps import Gap
from reports.labels import Label
from reports.lights import NetScope
from reports.news import GoalMove, News, ScopeEvent, Slipped
from reports.sentences import asked, cost, news, reasons, unseen, verdict
from reports.sentences.phrases import Part, Sentence, Speaker, plain
from reports.status import Evidence, StatusReport, Verdict
from reports.voice import Voice
from reports.work import Work

__all__ = ["Part", "Sentence", "Speaker", "before", "plain", "say", "speaker_for", "speaker_of"]


@singledispatch
def say(fact: object, _by: Speaker) -> Sentence:
    """A fact as a sentence. TypeError: there are no words for facts of this type."""
    raise TypeError(f"no sentence says a {type(fact).__name__}")


say.register(Cause)(verdict.say_cause)
say.register(CostNews)(cost.say_cost_news)
say.register(CostReport)(cost.say_cost)
say.register(Decision)(asked.say_decision)
say.register(Disputed)(asked.say_disputed)
say.register(Evidence)(unseen.say_evidence)
say.register(Gap)(unseen.say_gap)
say.register(GoalMove)(news.say_goal_move)
say.register(NetScope)(verdict.say_net)
say.register(News)(news.say_news)
say.register(Reason)(reasons.because)
say.register(ScopeEvent)(news.say_event)
say.register(Slipped)(news.say_slipped)
say.register(SourceRow)(unseen.say_source)
say.register(Unpriced)(cost.say_unpriced)
say.register(Verdict)(verdict.say_verdict)


def before(report: StatusReport, by: Speaker) -> Sentence:
    """How things stood at the last report, for how long the state has been shown, and against which plan."""
    return verdict.say_before(report.verdict, by)


def speaker_of(report: StatusReport) -> Speaker:
    """Who says a status report: in its language and zone, with its items' words."""
    zone = ZoneInfo(report.zone)
    voice = Voice(report.language, report.as_of.astimezone(zone).date(), zone)
    return Speaker(voice, report.items, report.name, report.scope.unit.value)


def speaker_for(work: Work, items: Mapping[str, Label]) -> Speaker:
    """Who says the facts of any other report about a project's work."""
    voice = Voice(work.config.general.language, work.today, work.calendar.zone)
    return Speaker(voice, items, work.name, work.project.unit.value)
