"""
What is measured, against whom, and how: `make bench`, or `make bench BENCH="startup http"`.

    __main__.py    chooses the figures, runs them, keeps result.json and result.md
    figures.py     every figure: what is compared, and the goal
    shapes.py      the shapes of a manifest that are measured, and the ids of their jobs
    process.py     one command as a process of its own: its seconds, and the proof that it did the work
    server.py      the job API on loopback, the same one for everybody
    peers/         scripts: the official SDK, CSafeLoader with jsonschema; and reconcile with its peak memory
    table.py       the result as Markdown
"""
