"""The reference page of the manifest says what its schema says."""

from reference import render_reference

from reconcile.shipped import load_schema, shipped_folder


def test_the_page_is_what_the_schema_says(check_golden):
    check_golden(shipped_folder("schemas") / "manifest.v1.md", render_reference(load_schema("manifest.v1")))
