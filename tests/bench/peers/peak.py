"""
Run reconcile with these arguments; write the most memory that it ever had, in KiB, into the file `peak`.

The system's account of a child (`ru_maxrss`) begins with what its parent once had, so it is asked for from within.
"""

import re
from pathlib import Path

from reconcile.__main__ import run


def main() -> None:
    """End as reconcile does."""
    try:
        run()
    finally:
        (peak,) = re.findall(r"VmHWM:\s+([0-9]+) kB", Path("/proc/self/status").read_text())
        Path("peak").write_text(peak)


if __name__ == "__main__":
    main()
