"""Ask for the jobs in the file IDS with the official SDK, on THREADS threads; print the seconds of the requests."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdksfsturbo.v1 import SFSTurboClient, ShowJobDetailRequest


def main() -> None:
    """Fail unless every job is the one asked for and a success."""
    url, project, ids, threads = sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text().split(), int(sys.argv[4])
    builder = SFSTurboClient.new_builder().with_credentials(BasicCredentials("AK", "SK", project))
    client = builder.with_http_config(HttpConfig(pool_maxsize=max(threads, 10))).with_endpoints([url]).build()

    def ask(job_id: str) -> bool:
        answer = client.show_job_detail(ShowJobDetailRequest(job_id=job_id))
        return answer.job_id == job_id and answer.status == "success"

    started = time.perf_counter()
    if threads == 1:
        proven = all(map(ask, ids))
    else:
        with ThreadPoolExecutor(threads) as pool:
            proven = all(pool.map(ask, ids))
    print(time.perf_counter() - started, flush=True)  # noqa: T201
    os._exit(0 if proven else 1)  # its threads take no part in the measure


if __name__ == "__main__":
    main()
