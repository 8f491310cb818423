"""
libyaml's parser without the rest of PyYAML: `from reconcile.document.lean_yaml import CParser`.

`import yaml` imports a parser, constructors and dumpers in Python, of which nothing here calls any, and compiles what
YAML 1.1 takes for numbers and dates: a tenth of the time of a run with one job. What libyaml's binding wants of them
is the errors that it raises.
"""

from importlib.util import find_spec
from types import SimpleNamespace
from typing import Final

from reconcile.lean import standing_in

__all__ = ["CParser", "MarkedYAMLError", "YAMLError", "events"]

_ERRORS: Final = {
    "reader": "ReaderError",
    "scanner": "ScannerError",
    "parser": "ParserError",
    "composer": "ComposerError",
    "constructor": "ConstructorError",
    "emitter": "EmitterError",
    "serializer": "SerializerError",
    "representer": "RepresenterError",
}
"""Module -> the error that the binding takes from it."""
_MARKED: Final = {"scanner", "parser", "composer", "constructor"}
"""Those whose errors have a place in the text."""

_package = find_spec("yaml")
with standing_in("yaml", __path__=_package.submodule_search_locations if _package else []) as _stand_in:
    # Not `from yaml import`: that would ask the stand-in whether it has them already.
    import yaml.events as events
    import yaml.nodes as _nodes  # noqa: F401 - the binding takes what it returns from these three
    import yaml.tokens as _tokens  # noqa: F401
    from yaml.error import MarkedYAMLError, YAMLError

    if _stand_in:
        for _module, _name in _ERRORS.items():
            _error = MarkedYAMLError if _module in _MARKED else YAMLError
            setattr(_stand_in, _module, SimpleNamespace(**{_name: _error}))
    from yaml._yaml import CParser
