"""
Expectation + observation -> three-valued findings, and notes. Pure.

An answer is judged together with every answer that can follow it: a status only moves forward, a present value stays, a
listed sub-job stays listed, and a terminal job no longer changes. So each assertion holds, can still come to hold, or
cannot hold any more.
"""

from reconcile.judge.assertion import CLOCK_SKEW, LONGEST_TEXT, State, accepts, name_of, truth_of
from reconcile.judge.job import Judgement, judge_job
from reconcile.judge.notes import ROOT, find_root, list_fetch_notes
from reconcile.judge.order import ORDER, judge_order
from reconcile.judge.sensitive import find_sensitive_fields, hide_headings, hide_sensitive, hide_shown
from reconcile.judge.steadiness import SETTLE, STUCK, space_look
from reconcile.judge.sub_jobs import MOST_PAIRS

__all__ = [
    "CLOCK_SKEW",
    "LONGEST_TEXT",
    "MOST_PAIRS",
    "ORDER",
    "ROOT",
    "SETTLE",
    "STUCK",
    "Judgement",
    "State",
    "accepts",
    "find_root",
    "find_sensitive_fields",
    "hide_headings",
    "hide_sensitive",
    "hide_shown",
    "judge_job",
    "judge_order",
    "list_fetch_notes",
    "name_of",
    "space_look",
    "truth_of",
]
