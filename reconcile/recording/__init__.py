"""
Recording <-> a folder of small JSON files that read well in a diff: `schemas/recording.v1.schema.json`.

    Recording -> texts by path      writer.py    pure; knows which files there are
    folder -> RecordingFolder       reader.py    strict, because a replay is judged by it
"""

from reconcile.recording.reader import open_recording
from reconcile.recording.writer import HEAD, is_part_of_recording, render_recording

__all__ = ["HEAD", "is_part_of_recording", "open_recording", "render_recording"]
