"""Ask for COUNT jobs with httpx.AsyncClient, 64 at once; print the seconds of the imports and of the requests."""

import asyncio
import sys
import time

BEGIN = time.perf_counter()

import httpx  # noqa: E402

IMPORTED = time.perf_counter()


async def fetch(url: str, project: str, count: int) -> bool:
    """Say whether every job is the one asked for and a success."""
    async with httpx.AsyncClient(
        base_url=f"{url}/v1/{project}/sfs-turbo/jobs/",
        headers={"X-Auth-Token": "bench"},
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
        timeout=60,
        trust_env=False,
    ) as client:
        numbers = iter(range(1, count + 1))

        async def work() -> bool:
            proven = True
            for number in numbers:
                answer = (await client.get(f"job-{number}")).raise_for_status().json()
                proven = proven and answer["job_id"] == f"job-{number}" and answer["status"] == "success"
            return proven

        return all(await asyncio.gather(*(work() for _ in range(64))))


def main() -> None:
    """Fail unless all is proven."""
    proven = asyncio.run(fetch(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    print(IMPORTED - BEGIN, time.perf_counter() - IMPORTED)  # noqa: T201
    sys.exit(0 if proven else 1)


if __name__ == "__main__":
    main()
