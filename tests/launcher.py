"""Run the command line as its console script does, and note the most memory that it took at its end."""

import atexit
import os
from pathlib import Path

from reconcile.__main__ import run


def note_memory() -> None:
    """Write the line of the kernel that names the peak into the file that PEAK_MEMORY names."""
    lines = Path("/proc/self/status").read_text().splitlines()
    Path(os.environ["PEAK_MEMORY"]).write_text(next(line for line in lines if line.startswith("VmHWM:")))


if __name__ == "__main__":
    atexit.register(note_memory)
    run()
