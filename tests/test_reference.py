"""A reference page says what its schema says."""

import pytest
from reference import render_reference

from reconcile.shipped import load_schema, shipped_folder


@pytest.mark.parametrize("name", ["manifest.v1", "job-api.v1"])
def test_the_page_is_what_the_schema_says(name, check_golden):
    check_golden(shipped_folder("schemas") / f"{name}.md", render_reference(load_schema(name)))
