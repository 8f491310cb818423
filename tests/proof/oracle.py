"""
The whole gate against an oracle of thirty lines, for random manifests, answers and faults (G15, G16).

What is random comes from a seed, and the gate runs as it is, from the command line to the bytes of its output.
"""

import io
import json
import random
from contextlib import redirect_stderr, redirect_stdout

import httpx
from program import main

from reconcile.fetch import Pace

WORDS = ["waiting", "running", "success", "failed"]
LATER = {
    "waiting": {"running", "success", "failed"},
    "running": {"success", "failed"},
    "success": set(),
    "failed": set(),
}
TYPES = ["create_share", "extend_share", "bind_ldap"]
CODES = [None, "SFS.TURBO.0001", "SFS.TURBO.0005"]
FAULTS = {
    "missing": (404, '{"errCode": "SFS.TURBO.0019", "errMsg": "Invalid Job Id"}'),
    "gateway": (404, '{"error_code": "APIGW.0101", "error_msg": "no such API"}'),
    "html": (200, "<html>success</html>"),
    "broken": (500, '{"errCode": "SFS.TURBO.0005", "errMsg": "Internal server error"}'),
    "refused": (400, '{"errCode": "SFS.TURBO.0001", "errMsg": "parameter error"}'),
    "other": (200, '{"job_id": "another", "status": "success"}'),
    "unknown": (200, '{"job_id": "%s", "status": "SUCCESS"}'),
    "twice": (200, '{"job_id": "%s", "status": "failed", "status": "success"}'),
    "moved": (302, ""),
    "empty": (204, ""),
}


def some(rng, values):
    return rng.sample(values, rng.randint(1, 2))


def draw_job(rng):
    """Draw what is expected of a job and what is answered: a fault's name, or the fields of a 200."""
    expect = {}
    if rng.random() < 0.7:
        expect["status"] = some(rng, WORDS)
    if rng.random() < 0.5:
        expect["job_type"] = some(rng, TYPES)
    if rng.random() < 0.4 and {"success"} != set(expect.get("status", ["success"])):
        expect["error_code"] = some(rng, CODES)
    if rng.random() < 0.5:
        expect["sub_jobs"] = [rng.choice(TYPES) for _ in range(rng.randint(0, 3))]
    if rng.random() < 0.2:
        return expect, rng.choice(list(FAULTS))
    listed = [{"status": rng.choice(WORDS[1:]), "job_type": rng.choice(TYPES)} for _ in range(rng.randint(0, 3))]
    if "sub_jobs" in expect and rng.random() < 0.6:
        listed = [{"status": "success", "job_type": each} for each in expect["sub_jobs"]]
    status = rng.choice(WORDS) if rng.random() < 0.5 else rng.choice(expect.get("status", ["success"]))
    answer = {"status": status, "job_type": rng.choice(expect.get("job_type", TYPES)), "sub_jobs": listed}
    return expect, {**answer, "error_code": rng.choice(expect.get("error_code", CODES))}


# --- The oracle ------------------------------------------------------------------------------------------------


def judge(expect, answer):
    """Return the exit code for one job."""
    if isinstance(answer, str):
        return 2 if answer == "missing" else 1
    status, final = answer["status"], not LATER[answer["status"]]
    accepted = expect.get("status", ["success"])
    codes = [0 if status in accepted else 3 if LATER[status] & set(accepted) else 2]
    for field in ("job_type", "error_code"):
        if field in expect and answer[field] not in expect[field]:
            codes.append(3 if answer[field] is None and not final else 2)
    listed = answer["sub_jobs"]
    if "sub_jobs" in expect:
        for job_type in TYPES:
            there = sorted(part["status"] for part in listed if part["job_type"] == job_type)
            wanted = expect["sub_jobs"].count(job_type)
            codes.append(2 if len(there) > wanted else 0 if len(there) == wanted else 2 if final else 3)
            codes += [0 if word == "success" else 2 if final or not LATER[word] else 3 for word in there]
    elif accepted == ["success"]:
        codes += [2 for part in listed if part["status"] == "failed"]
    return 2 if 2 in codes else max(codes)


def decide(codes):
    return next(code for code in (1, 2, 3, 0) if code in codes)


# --- The gate --------------------------------------------------------------------------------------------------


def run_gate(jobs, path):
    """Run `reconcile plan` on drawn jobs, with a manifest at the path; return its exit code and its JSON."""
    path.write_text(
        json.dumps(
            {
                "version": 1,
                "providers": {"p": {"api": "sfs-turbo", "project_id": "p1", "cloud": "otc", "region": "eu-de"}},
                "jobs": {f"j{n}": {"job_id": f"id-{n}", "expect": expect} for n, (expect, _) in enumerate(jobs)},
            }
        )
    )

    def answer(request):
        job_id = request.url.raw_path.decode().rpartition("/")[2]
        said = jobs[int(job_id.removeprefix("id-"))][1]
        if isinstance(said, str):
            code, body = FAULTS[said]
            return httpx.Response(code, text=body.replace("%s", job_id), headers={"Content-Type": "application/json"})
        return httpx.Response(200, json={"job_id": job_id, **said})

    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(
            ["plan", str(path), "-q", "-o", "json"],
            environ={"RECONCILE_TOKEN": "a-token"},
            transport=httpx.MockTransport(answer),
            pace=Pace(attempts=1),
        )
    return code, json.loads(out.buffer.getvalue())


# --- Trials ----------------------------------------------------------------------------------------------------

TOWARD_RED = [0, 3, 2, 1]
"""The exit codes, from the proof to the error."""


def try_random_jobs(seed, path):
    """
    Draw jobs, and make the same worse in two ways: by one more job, and by a fault instead of an answer.

    Returns:
        What the gate and the oracle say of each of the three, the exit codes of both; and what is wrong with it, in
        one line each: a code that is not the oracle's or not the JSON's, and one that came nearer to 0.
    """
    rng = random.Random(seed)
    jobs = [draw_job(rng) for _ in range(rng.randint(1, 3))]
    trials = [jobs, [*jobs, draw_job(rng)], _break_one(rng, jobs)]
    codes, faults = [], []
    for trial in trials:
        code, document = run_gate(trial, path)
        expected = decide([judge(*each) for each in trial])
        codes.append((code, expected))
        if not code == expected == document["exit_code"]:
            faults.append(f"seed {seed}: {code}, not {expected}, and the JSON says {document['exit_code']}: {trial}")
        if TOWARD_RED.index(code) < TOWARD_RED.index(codes[0][0]):
            faults.append(f"seed {seed}: from {codes[0][0]} to {code}: {trial}")
    return codes, faults


def _break_one(rng, jobs):
    """Put a fault in place of one answer; a fault that is there already stays as it is."""
    broken = rng.randrange(len(jobs))
    expect, answer = jobs[broken]
    fault = answer if isinstance(answer, str) else rng.choice(list(FAULTS))
    return [*jobs[:broken], (expect, fault), *jobs[broken + 1 :]]
