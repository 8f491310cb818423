"""
Expectation + observation -> three-valued findings, and notes on what is remarkable. Pure.

An answer is judged for itself and for every answer that can follow it: statuses only move forward, a value that is
there stays, a sub-job that is listed stays listed, and a terminal job no longer changes. So each assertion holds,
can still come to hold, or cannot hold any more.
"""

from reconcile.judge.assertion import LONGEST_TEXT, accepts
from reconcile.judge.job import Judge, judge_job
from reconcile.judge.notes import remarks_of
from reconcile.judge.sensitive import find_sensitive_fields
from reconcile.judge.sub_jobs import MOST_PAIRS

__all__ = [
    "LONGEST_TEXT",
    "MOST_PAIRS",
    "Judge",
    "accepts",
    "find_sensitive_fields",
    "judge_job",
    "remarks_of",
]
