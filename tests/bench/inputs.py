"""The same question, put to the others."""

from pathlib import Path

from bench.shapes import PROJECT, list_ids


def write_curl(folder: Path, url: str, jobs: int) -> Path:
    """Write the configuration of curl for the GETs of so many jobs; return its path."""
    path = folder / f"curl-{jobs}-{url.partition(':')[0]}.conf"
    target = f'url = "{url}/v1/{PROJECT}/sfs-turbo/jobs/{{}}"\noutput = "/dev/null"\n'
    path.write_text('header = "X-Auth-Token: bench"\n' + "".join(map(target.format, list_ids(jobs))))
    return path


def write_terraform(folder: Path, jobs: int) -> Path:
    """
    Write a configuration with a resource and a check for each job, and nothing to ask anybody; return its folder.

    Each resource is written out: looked up in one resource with `for_each`, a thousand would take terraform minutes.
    """
    place = folder / f"terraform-{jobs}"
    place.mkdir(exist_ok=True)
    entry = """
resource "terraform_data" "job_{0}" {{
  input = {{ job_id = "job-{0}", status = "success", job_type = "bind_ldap", error_code = "" }}
}}
check "job_{0}" {{
  assert {{
    condition     = terraform_data.job_{0}.input.status == "success"
    error_message = "job_{0} did not succeed"
  }}
  assert {{
    condition     = terraform_data.job_{0}.input.job_type == "bind_ldap"
    error_message = "job_{0} is of another type"
  }}
  assert {{
    condition     = terraform_data.job_{0}.input.error_code == ""
    error_message = "job_{0} has an error code"
  }}
}}
"""
    (place / "main.tf").write_text("".join(entry.format(n) for n in range(1, jobs + 1)))
    return place
