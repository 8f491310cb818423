"""
Recording <-> a folder of small JSON files that read well in a diff: `schemas/recording.v1.schema.json`.

    Recording -> texts by path      writer.py       pure
    folder -> RecordingFolder       reader.py       strict: who judges by it must not be told a fairy tale
    which files there are           layout.py
"""

from reconcile.recording.layout import is_part_of_recording
from reconcile.recording.reader import open_recording
from reconcile.recording.writer import render_recording

__all__ = ["is_part_of_recording", "open_recording", "render_recording"]
