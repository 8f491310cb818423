"""The requests of a run, for -v and -vv."""

from collections import Counter
from typing import TYPE_CHECKING

from reconcile.cli import output
from reconcile.model.observation import Observed, Unobserved
from reconcile.report.escape import escape

if TYPE_CHECKING:
    from reconcile.fetch import RequestDone


class RequestLog:
    """Counts requests by provider. With `each`, it prints every one as well."""

    def __init__(self, *, each: bool) -> None:
        self._each = each
        self._requests: Counter[str] = Counter()
        self._retries: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()
        self._failed: set[tuple[str, str]] = set()

    def note(self, done: "RequestDone") -> None:
        """Count a request, and print it."""
        provider = done.job.provider.name
        key = provider, done.job.job_id
        self._requests[provider] += 1
        self._retries[provider] += key in self._failed
        self._throttled[provider] += done.throttled
        self._failed.discard(key)
        if isinstance(done.observation, Unobserved):
            self._failed.add(key)
        if self._each:
            output.print_note(f"reconcile: {escape(_describe(done))}\n")

    def print_summary(self) -> None:
        """Print a line for each provider."""
        for name, requests in self._requests.items():
            retries, throttled = self._retries[name], self._throttled[name]
            counts = f"{_count(requests, 'request')}, {_count(retries, 'retry')}, {throttled:,} throttled"
            output.print_note(f"reconcile: provider {name}: {counts}\n")


def _describe(done: "RequestDone") -> str:
    match done.observation:
        case Observed(status=status):
            result = status
        case Unobserved(problem=problem):
            result = f"{problem.code} {problem.message}"
        case _:
            result = "missing"
    code = done.status_code or "no answer"
    return f"request {done.job.address} ({done.job.provider.name}): {code} in {done.seconds * 1000:.0f} ms, {result}"


def _count(number: int, noun: str) -> str:
    plural = {"retry": "retries"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"
