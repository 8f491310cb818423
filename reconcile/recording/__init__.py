"""
Recording <-> a folder of small JSON files that read well in a diff; `schemas/recording.v1.schema.json` describes them.

    Recording -> texts by path      writer.py    pure; defines the files
    folder -> RecordingFolder       reader.py    strict, because replays are judged by it

While a run is recorded, a journal grows in the folder, so that a killed run can be resumed.
"""

from reconcile.recording.reader import Journal, RecordingFolder, open_recording, open_unfinished
from reconcile.recording.writer import (
    HEAD,
    JOURNAL,
    is_part_of_recording,
    render_journal_entry,
    render_journal_head,
    render_recording,
)

__all__ = [
    "HEAD",
    "JOURNAL",
    "Journal",
    "RecordingFolder",
    "is_part_of_recording",
    "open_recording",
    "open_unfinished",
    "render_journal_entry",
    "render_journal_head",
    "render_recording",
]
