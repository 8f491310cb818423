"""
Keep what many large answers come to out of memory: in a temporary file, as programs that sort large files do.

The file has no name, nobody else can open it, and it ends with the process, however that ends. Nothing in it is a
secret of this program, because secrets are taken out of an answer as it is read. Small values stay in memory, and so
does everything where there is no temporary folder, no space in it, or no need.
"""

from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder
from msgspec.structs import replace

from reconcile.lazy import LazyList
from reconcile.model import Details, Evidence, Fetched, Finding, Job, JobDetails, Observation

if TYPE_CHECKING:
    from typing import IO

_Value = TypeVar("_Value")

_SMALL = 2048
"""Bytes of a value that always stays in memory; a job with two sub-jobs takes half of that."""
_MEMORY = 4 * 1024 * 1024
"""Bytes of larger values that stay in memory, so that no run of a few hundred jobs needs the file."""

_encode = Encoder().encode


class _Place(Struct, frozen=True, gc=False):
    """Where a value is in the file."""

    begin: int
    size: int


class Spool(Generic[_Value]):
    """Values of one type, the large ones in a file."""

    def __init__(self, kind: type[_Value], *, small: int = _SMALL, memory: int = _MEMORY) -> None:
        """
        Begin without a file.

        Args:
            kind: the type.
            small: bytes of a value that always stays in memory.
            memory: bytes of larger values that stay there, too.
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
        """Return where a value was written, or the value itself if it stays in memory."""
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
        """Return a value that was put; the last one is remembered, because a report asks for its parts one by one."""
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
    """What came of each job, by its index, as `fetch_jobs` stores it."""

    def __init__(self) -> None:
        self._spool = Spool(Fetched)
        self._kept: dict[int, _Place | Fetched] = {}

    def __setitem__(self, index: int, fetched: Fetched) -> None:
        self._kept[index] = self._spool.put(fetched)

    def __getitem__(self, index: int) -> Fetched:
        return self._spool.get(self._kept[index])


class EvidenceSpool:
    """The evidence of several runs, in a fraction of the memory: of a million jobs, it would be gigabytes."""

    def __init__(self, *, memory: int = _MEMORY) -> None:
        """Begin without a file; `memory` is that of `Spool`."""
        # The type of a value that is one of several cannot be written as `type`.
        self._observations: Spool[Observation] = Spool(Observation, small=0, memory=memory)  # type: ignore[arg-type]
        self._alike: dict[bytes, Job] = {}

    def keep(self, evidence: Evidence) -> Evidence:
        """Return the same evidence: observations are read from the file, and jobs share what they have in common."""
        return replace(
            evidence,
            manifest=replace(evidence.manifest, jobs=tuple([self._share(job) for job in evidence.manifest.jobs])),
            observations=LazyList(
                self._observations.get, [self._observations.put(each) for each in evidence.observations]
            ),
        )

    def _share(self, job: Job) -> Job:
        """Return the same job, made of the values of the first one that differs in nothing but its ids."""
        try:
            kind = _encode(replace(job, address="", job_id="", provider=job.provider.name))
        except (OverflowError, UnicodeEncodeError):  # as in Spool.put
            return job
        return replace(self._alike.setdefault(kind, job), address=job.address, job_id=job.job_id)


class DetailsSpool:
    """The details of jobs, as `derive_plan` keeps them; the arguments are those of `Spool`."""

    def __init__(self, *, small: int = _SMALL, memory: int = _MEMORY) -> None:
        self._spool = Spool(JobDetails, small=small, memory=memory)

    def keep(self, details: JobDetails) -> Details:
        """Return the details, which may be read from the file when they are asked for."""
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
