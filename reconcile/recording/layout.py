"""Which files a recording is made of."""

import re
from typing import Final

HEAD: Final = "recording.json"
"""The file that makes a folder a recording."""

SCHEMA: Final = "recording.v1"

_JOB: Final = re.compile(r"jobs/[A-Za-z_][A-Za-z0-9_-]{0,63}/[A-Za-z0-9_-]{1,64}\.json")


def find_job_file(provider: str, job_id: str) -> tuple[str, str, str]:
    """Return the way from the folder to the file of a remote job; both names are safe in a path."""
    return "jobs", provider, f"{job_id}.json"


def is_part_of_recording(path: str) -> bool:
    """Say whether a file at this path, relative to the folder, can belong to a recording."""
    return path == HEAD or _JOB.fullmatch(path) is not None
