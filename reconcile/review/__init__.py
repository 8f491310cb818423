"""
Two manifests -> what the new one lets through that the old one stops. Pure.

    Job -> Terms                                            terms.py
    Terms of both -> what follows from their structure      implication.py
                  -> answers that only one of them stops    gaps.py, texts.py, times.py, sub_jobs.py
                  -> looks that only one of them stops      steadiness.py
    answers -> a witness, confirmed by the judge            witnesses.py
    both manifests -> Review                                comparison.py

The search only proposes answers. The gate itself, passed in as a `Judge`, has judged every answer in a report.
"""

from reconcile.review.comparison import review_manifests
from reconcile.review.witnesses import Judge, Judged

__all__ = ["Judge", "Judged", "review_manifests"]
