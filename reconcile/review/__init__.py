"""
Two manifests -> what the new one lets through that the old one stops. Pure.

    Job -> Terms                                            terms.py
    Terms of both -> what may be stopped at all             implication.py
                  -> answers that one stops, one does not   gaps.py, texts.py, times.py, sub_jobs.py
                  -> looks that one stops, one does not     steadiness.py
    answers -> a witness, confirmed by the judge            witnesses.py
    both manifests -> Review                                comparison.py

The search only proposes. Each answer in a report was judged by the gate itself, which is passed in as a `Judge`.
"""

from reconcile.review.comparison import review_manifests
from reconcile.review.witnesses import Judge, Judged

__all__ = ["Judge", "Judged", "review_manifests"]
