"""
Saved plans: a plan as a file, with the evidence from which anyone can derive it again.

    Evidence + the plan's JSON -> text     write_saved_plan    redaction.py, codec.py, file.py
    text -> Evidence + the plan's JSON     read_saved_plan     file.py, codec.py
    bytes -> their signature               signing.py, imported only if a key is given
    plan -> a signed receipt, and back     attestation.py, imported only if a receipt is requested

The file is the plan's JSON with two more keys, `evidence` and `digest`, and a third, `signature`, if it is signed. The
caller derives the plan from the evidence and compares the two.
"""

from reconcile.saved.file import SavedPlan, is_document_of, read_saved_plan, stream_saved_plan, write_saved_plan
from reconcile.saved.redaction import hide_secrets

__all__ = [
    "SavedPlan",
    "hide_secrets",
    "is_document_of",
    "read_saved_plan",
    "stream_saved_plan",
    "write_saved_plan",
]
