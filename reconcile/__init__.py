"""A plan for asynchronous cloud jobs: expected against observed, proven before a deployment goes on."""

__version__ = "0.1.0"
