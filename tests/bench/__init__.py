"""
What is measured, against whom, and by what: `make bench`, or `make bench BENCH="startup fetch"`.

    __main__.py    chooses the figures, runs them, keeps result.json and result.md
    figures.py     every figure: what is compared, and the goal
    process.py     one command as a process of its own: seconds
    server.py      the job API on loopback that all of them ask
    inputs.py      manifests, and the same question put to the others
    peers/         scripts that ask as others would: the official SDK, httpx; and the fetch of ours alone
    table.py       the result as Markdown
"""
