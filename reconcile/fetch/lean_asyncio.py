"""
asyncio without what it starts programs and logs with: `from reconcile.fetch.lean_asyncio import asyncio`.

No run starts a program, and asyncio logs next to nothing: to import what for takes 4 % of the time of a run with one
job. It is imported as soon as it is needed after all.
"""

from reconcile.lean import standing_in


class _Logger:
    """A logger that is looked up as soon as something is logged that anybody sees."""

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, *_: object) -> None:
        """Log nothing, as loggers do unless they are told to."""

    def __getattr__(self, attribute: str) -> object:
        import logging

        return getattr(logging.getLogger(self._name), attribute)


with (
    standing_in("subprocess", PIPE=-1, STDOUT=-2, DEVNULL=-3),
    standing_in("logging", getLogger=_Logger, DEBUG=10),
):
    import asyncio as asyncio
