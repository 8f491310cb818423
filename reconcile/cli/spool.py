"""
Keeps large values out of memory: in a temporary file, as programs that sort large files do.

The file has no name, nobody else can open it, and it disappears with the process, even if that is killed. It contains
no secret of this program, because secrets are removed from an answer when it is read. Small values stay in memory, and
so does everything if there is no temporary folder, no space in it, or no need.
"""

from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from reconcile.lazy import LazyList
from reconcile.model.evidence import Evidence
from reconcile.model.manifest import Job
from reconcile.model.observation import Fetched, Observation
from reconcile.model.plan import Details, Finding, JobDetails

if TYPE_CHECKING:
    from typing import IO

_Value = TypeVar("_Value")

_SMALL = 2048
"""The most bytes of a value that always stays in memory; a job with two sub-jobs takes half of that."""
_MEMORY = 4 * 1024 * 1024
"""The bytes of larger values that stay in memory, so that a run of a few hundred jobs needs no file."""

_encode = Encoder().encode


class _Place(Struct, frozen=True, gc=False):
    """The place of a value in the file."""

    begin: int
    size: int


class Spool(Generic[_Value]):
    """Values of one type, the large ones in a file."""

    def __init__(self, kind: type[_Value], *, small: int = _SMALL, memory: int = _MEMORY) -> None:
        """
        Args:
            kind: the type of the values.
            small: the most bytes of a value that always stays in memory.
            memory: the bytes of larger values that also stay in memory.
        """
        self._decode = Decoder(kind).decode
        self._small = small
        self._memory = memory
        self._end = 0
        self._file: IO[bytes] | None = None
        self._last: tuple[_Place, _Value] | None = None

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, value: _Value) -> "_Place | _Value":
        """Return the place of a value in the file, or the value itself if it stays in memory."""
        try:
            data = _encode(value)
        except (OverflowError, UnicodeEncodeError):  # a lone surrogate, which UTF-8 does not have
            return value
        if len(data) <= self._small:
            return value
        if len(data) <= self._memory:
            self._memory -= len(data)
            return value
        try:
            return self._write(data)
        except OSError:
            return value

    def get(self, kept: "_Place | _Value") -> _Value:
        """Return a stored value; the last one is cached, because a report reads its parts one by one."""
        if not isinstance(kept, _Place):
            return kept
        if self._last is None or self._last[0] is not kept:
            self._last = kept, self._decode(self._read(kept))
        return self._last[1]

    def _write(self, data: bytes) -> _Place:
        if self._file is None:
            from tempfile import TemporaryFile

            self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as there are values
        self._file.seek(self._end)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        place = _Place(self._end, len(data))
        self._end += len(data)
        return place

    def _read(self, place: _Place) -> bytes:
        if self._file is None:
            raise ValueError("nothing was written")
        self._file.seek(place.begin)
        return self._file.read(place.size)


class FetchedSpool:
    """The result of each job by its index, a store for `fetch_jobs`."""

    def __init__(self) -> None:
        self._spool = Spool(Fetched)
        self._kept: dict[int, _Place | Fetched] = {}

    def __setitem__(self, index: int, fetched: Fetched) -> None:
        self._kept[index] = self._spool.put(fetched)

    def __getitem__(self, index: int) -> Fetched:
        return self._spool.get(self._kept[index])


class EvidenceSpool:
    """The evidence of several runs in a fraction of the memory; for a million jobs, it would take gigabytes."""

    def __init__(self, *, memory: int = _MEMORY) -> None:
        """`memory` is that of `Spool`."""
        # A union is not a `type`.
        self._observations: Spool[Observation] = Spool(Observation, small=0, memory=memory)  # type: ignore[arg-type]
        self._alike: dict[bytes, Job] = {}

    def keep(self, evidence: Evidence) -> Evidence:
        """Return the same evidence, whose observations are read from the file and whose jobs share equal values."""
        return replace(
            evidence,
            manifest=replace(evidence.manifest, jobs=tuple([self._share(job) for job in evidence.manifest.jobs])),
            observations=LazyList(
                self._observations.get, [self._observations.put(each) for each in evidence.observations]
            ),
        )

    def _share(self, job: Job) -> Job:
        """Return the same job, with the values of the first job that differs only in its ids."""
        try:
            kind = _encode(replace(job, address="", job_id="", provider=job.provider.name))
        except (OverflowError, UnicodeEncodeError):  # as in Spool.put
            return job
        return replace(self._alike.setdefault(kind, job), address=job.address, job_id=job.job_id)


class DetailsSpool:
    """The details of jobs, a store for `derive_plan`; the arguments are those of `Spool`."""

    def __init__(self, *, small: int = _SMALL, memory: int = _MEMORY) -> None:
        self._spool = Spool(JobDetails, small=small, memory=memory)

    def keep(self, details: JobDetails) -> Details:
        """Return a handle of the details, which may read them from the file."""
        kept = self._spool.put(details)
        return kept if isinstance(kept, JobDetails) else _SpooledDetails(self._spool, kept)


class _SpooledDetails:
    __slots__ = ("_place", "_spool")

    def __init__(self, spool: Spool[JobDetails], place: _Place) -> None:
        self._spool = spool
        self._place = place

    @property
    def observation(self) -> Observation:
        return self._spool.get(self._place).observation

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self._spool.get(self._place).findings

    @property
    def notes(self) -> tuple[str, ...]:
        return self._spool.get(self._place).notes
