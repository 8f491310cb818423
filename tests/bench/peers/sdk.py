"""Ask for COUNT jobs with the official SDK on THREADS threads; print the seconds of the imports and of the requests."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

BEGIN = time.perf_counter()

from huaweicloudsdkcore.auth.credentials import BasicCredentials  # noqa: E402
from huaweicloudsdkcore.http.http_config import HttpConfig  # noqa: E402
from huaweicloudsdksfsturbo.v1 import SFSTurboClient, ShowJobDetailRequest  # noqa: E402

IMPORTED = time.perf_counter()


def main() -> None:
    """Fail unless every job is the one asked for and a success."""
    url, project, count, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    builder = SFSTurboClient.new_builder().with_credentials(BasicCredentials("AK", "SK", project))
    client = builder.with_http_config(HttpConfig(pool_maxsize=max(threads, 10))).with_endpoints([url]).build()

    def ask(number: int) -> bool:
        answer = client.show_job_detail(ShowJobDetailRequest(job_id=f"job-{number}"))
        return answer.job_id == f"job-{number}" and answer.status == "success"

    if threads == 1:
        proven = all(ask(number) for number in range(1, count + 1))
    else:
        with ThreadPoolExecutor(threads) as pool:
            proven = all(pool.map(ask, range(1, count + 1)))
    print(IMPORTED - BEGIN, time.perf_counter() - IMPORTED, flush=True)  # noqa: T201
    os._exit(0 if proven else 1)  # its threads take no part in the measure


if __name__ == "__main__":
    main()
