"""
What a job API could answer, so that a gate can be put to the test. Pure.

    Jobs -> an observation that satisfies them    make_up            synthesis.py, moments.py
    observation -> the API's answer               write_answer       answer.py
    observation -> what could be there instead    list_mutants       mutants.py, times.py, permission.py
    which other jobs have a say in a verdict      Company            company.py

Nothing here judges: whether a mutant is killed, the gate itself says.
"""

from reconcile.mutation.answer import write_answer
from reconcile.mutation.company import Company
from reconcile.mutation.mutants import list_mutants
from reconcile.mutation.synthesis import make_up
from reconcile.mutation.times import bound_time

__all__ = ["Company", "bound_time", "list_mutants", "make_up", "write_answer"]
