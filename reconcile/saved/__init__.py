"""
A plan as a file that proves itself: what was decided, and the evidence from which anyone can decide it again.

    Evidence + the plan's JSON -> text     write_saved_plan    secrecy.py, codec.py, file.py
    text -> Evidence + the plan's JSON     read_saved_plan     file.py, codec.py
    bytes -> their signature               signing.py, imported where a key is given

The file is the plan's JSON with two keys more, `evidence` and `digest`, and with a third where it is signed. Whether
the plan follows from the evidence is for the caller to see: let it follow, and compare.
"""

from reconcile.saved.file import SavedPlan, is_document_of, read_saved_plan, write_saved_plan
from reconcile.saved.secrecy import hide_secrets

__all__ = [
    "SavedPlan",
    "hide_secrets",
    "is_document_of",
    "read_saved_plan",
    "write_saved_plan",
]
