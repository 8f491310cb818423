"""
Generates answers that a job API could give, to test a gate. Pure.

    Jobs -> observations that meet them              make_up            observation.py
    observation -> the API's answer                  write_answer       answer.py
    observation -> possible other observations       list_mutants       mutants.py, times.py, steadiness.py, allowed.py
    observation -> one that goes wrong in one way    break_observation  breakage.py
    other jobs that a verdict depends on             Bystanders         bystanders.py

Nothing here judges: the gate decides whether a mutant is killed.
"""

from reconcile.mutation.answer import write_answer
from reconcile.mutation.breakage import Breakage, break_observation
from reconcile.mutation.bystanders import Bystanders, isolate
from reconcile.mutation.mutants import list_mutants
from reconcile.mutation.observation import make_up, make_up_all
from reconcile.mutation.steadiness import make_up_looks
from reconcile.mutation.times import bound_time

__all__ = [
    "Breakage",
    "Bystanders",
    "bound_time",
    "break_observation",
    "isolate",
    "list_mutants",
    "make_up",
    "make_up_all",
    "make_up_looks",
    "write_answer",
]
