"""
A plan as a file that proves itself: what was decided, and the evidence from which anyone can decide it again.

    Evidence + the plan's JSON -> text     write_saved_plan    secrecy.py, codec.py, seal.py
    text -> Evidence + the plan's JSON     read_saved_plan     seal.py, codec.py

The file is the plan's JSON with two keys more, `evidence` and `digest`, and with a third where it is signed. Whether
the plan follows from the evidence is for the caller to see: let it follow, and compare.
"""

from reconcile.saved.codec import decode_evidence, encode_evidence
from reconcile.saved.file import SavedPlan, is_document_of, read_saved_plan, write_saved_plan
from reconcile.saved.secrecy import hide_secrets

__all__ = [
    "SavedPlan",
    "decode_evidence",
    "encode_evidence",
    "hide_secrets",
    "is_document_of",
    "read_saved_plan",
    "write_saved_plan",
]
