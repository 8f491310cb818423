"""The comparison with an earlier plan, in sentences for the formats that people read."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from reconcile import __version__
from reconcile.instant import format_instant
from reconcile.model.plan import Comparison, DriftState, EarlierDrift, Plan
from reconcile.report.escape import escape
from reconcile.report.messages import count, cut

_MOST_JOBS = 10
"""The most jobs that are listed of each kind; the JSON has all of them."""


class Compared(Struct, frozen=True, kw_only=True):
    """
    A comparison in lines that are safe on a terminal: a summary, and a line for each job that changed.
    """

    summary: str
    jobs: Sequence[str]


def describe_comparison(plan: Plan) -> Compared | None:
    """Describe how the drifts of a plan compare with those of an earlier one; None without an earlier one."""
    compared = plan.comparison
    if compared is None:
        return None
    new = [(job.job.address, each.path) for job in plan.jobs for each in job.findings if each.state is DriftState.NEW]
    still = set(new)
    lines = [
        *_list_jobs("new", new),
        *_list_jobs("fixed", ((each.address, _name_fixed(each, still)) for each in compared.fixed)),
        *_list_jobs("not decided now", ((each.address, each.path) for each in compared.undecided)),
    ]
    return Compared(summary=_summarize(compared, len({address for address, _ in new})), jobs=lines)


def _summarize(compared: Comparison, new_jobs: int) -> str:
    earlier, new = compared.earlier, count(compared.new, "new difference")
    judged_at = format_instant(earlier.judged_at.replace(microsecond=0))
    counts = [
        f"{new} in {count(new_jobs, 'job')}" if new_jobs else new,
        f"{compared.persisting:,} persisting",
        f"{len(compared.fixed):,} fixed",
    ]
    if compared.undecided:
        counts.append(f"{len(compared.undecided):,} not decided now")
    made_by = f", by reconcile {cut(escape(earlier.made_by))}" if earlier.made_by != __version__ else ""
    sentences = [f"Since {cut(escape(earlier.file))} ({judged_at}{made_by}): {', '.join(counts)}."]
    if compared.began_with is not None:
        sentences.append(f"These {new} began with {escape(compared.began_with)}.")
    if compared.unchecked:
        be, noun = ("is", "a job") if compared.unchecked == 1 else ("are", "jobs")
        unchecked = f"{compared.unchecked:,} of the new differences {be} in {noun}"
        sentences.append(f"{unchecked} that could not be checked then.")
    return " ".join(sentences)


def _name_fixed(drift: EarlierDrift, still: set[tuple[str, str]]) -> str:
    return f"{drift.path} (observed something else now)" if (drift.address, drift.path) in still else drift.path


def _list_jobs(word: str, drifts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """List the drifts of the first few jobs, one line per job."""
    paths: dict[str, list[str]] = {}
    for address, path in drifts:
        paths.setdefault(address, []).append(path)
    for address in list(paths)[:_MOST_JOBS]:
        yield cut(f"{word}: {escape(address)} {escape(', '.join(paths[address]))}")
    if len(paths) > _MOST_JOBS:
        yield f"{word}: {count(len(paths) - _MOST_JOBS, 'more job')}"
