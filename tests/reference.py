"""The reference page of a JSON Schema, in Markdown: a section for each kind of mapping, a row for each key of it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

_TYPES = {"object": "mapping", "array": "list", "boolean": "true or false"}
_INNER = {"object": "additionalProperties", "array": "items"}
_BOUNDS = {
    "object": ("minProperties", "maxProperties", " entries"),
    "array": ("minItems", "maxItems", " entries"),
    "string": ("minLength", "maxLength", " characters"),
    "integer": ("minimum", "maximum", ""),
}
_REFERENCE = r"\$\{"
"""The pattern of a string that only stands for another value; the page says once that there can be one."""


def render_reference(schema: Schema) -> str:
    """Return the page of a schema whose references all lead to its own `$defs`."""
    page = _Page(schema)
    where = "Any mapping" if "patternProperties" in str(schema.get("$defs")) else "The file"
    head = f"# {schema['title']}\n\n{schema['description']} {where} may have keys that begin with `x-`: notes.\n"
    return "\n".join([head, *page.render_sections()])


class _Page:
    def __init__(self, schema: Schema) -> None:
        self._root = schema
        self._sections = {"The whole file": schema}

    def render_sections(self) -> Iterator[str]:
        """Render each section; what is found meanwhile comes behind."""
        rendered = 0
        while rendered < len(self._sections):
            yield self._render_section(*list(self._sections.items())[rendered])
            rendered += 1

    def _render_section(self, name: str, schema: Schema) -> str:
        intro = "" if schema is self._root else f"\n{schema['description']}\n"
        required = schema.get("required", ())
        rows = [self._render_row(key, value, key in required) for key, value in schema["properties"].items()]
        table = "\n".join(["| key | value | meaning |", "|---|---|---|", *rows])
        return f"## {name}\n{intro}\n{table}\n{_render_demands(schema)}"

    def _render_row(self, key: str, schema: Schema, required: bool) -> str:
        chain = self._follow(schema)
        kind = self._name_kind(key, schema) + (", required" if required else "")
        meaning = " ".join(dict.fromkeys(each["description"] for each in chain if "description" in each))
        examples = next((each["examples"] for each in chain if "examples" in each), ())
        shown = f" For example {' or '.join(f'`{_show(example)}`' for example in examples)}." if examples else ""
        cells = (f"`{key}`", kind, meaning + shown)
        return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"

    def _name_kind(self, key: str, schema: Schema) -> str:
        """Describe what a value can be; a mapping with keys of its own has a section, and gets a link to it."""
        chain = self._follow(schema)
        merged: Schema = {name: value for each in reversed(chain) for name, value in each.items()}
        branches = [branch for word in ("anyOf", "oneOf") for branch in merged.get(word, ())]
        words = next((each["enum"] for each in (merged, *branches) if "enum" in each), ())
        words = [merged["const"]] if "const" in merged else words
        if words:
            return " or ".join(f"`{_show(word)}`" for word in words)
        types = [merged["type"]] if isinstance(merged.get("type"), str) else list(merged.get("type", ()))
        if len(types) > 1 and merged.get("pattern") == _REFERENCE:
            types.remove("string")
        kinds = dict.fromkeys(self._name_type(key, name, chain, merged) for name in types)
        return " or ".join(kinds) or "anything"

    def _name_type(self, key: str, name: str, chain: list[Schema], merged: Schema) -> str:
        if name == "object" and "properties" in merged:
            return self._link(key, chain)
        if name == "string" and "then" in merged:
            return self._name_kind(key, merged["then"])
        inner = merged.get(_INNER.get(name, ""))
        of = f" of {self._name_kind(self._name_section(key, chain), inner)}" if isinstance(inner, dict) else ""
        of = of.replace(" of ", " of (", 1) + ")" if " or " in of else of
        return _TYPES.get(name, name) + _name_bounds(name, merged) + of

    def _link(self, key: str, chain: list[Schema]) -> str:
        name = self._name_section(key, chain)
        self._sections.setdefault(name, next(each for each in chain if "properties" in each))
        return f"[{name}](#{name})"

    def _name_section(self, key: str, chain: list[Schema]) -> str:
        """Name a section by the last definition that a reference leads to, or else by the key."""
        return next((each["$ref"].rpartition("/")[2] for each in reversed(chain) if "$ref" in each), key)

    def _follow(self, schema: Schema) -> list[Schema]:
        """Return a schema and all that it refers to, itself first."""
        chain = [schema]
        while "$ref" in chain[-1]:
            chain.append(self._root["$defs"][chain[-1]["$ref"].removeprefix("#/$defs/")])
        return chain


def _render_demands(schema: Schema) -> str:
    """Say which keys need one another."""
    choices = [branch["required"][0] for branch in schema.get("anyOf", ()) if "required" in branch]
    demands = [f"At least one of {_list(choices)} is required."] if choices else []
    for key, others in schema.get("dependentRequired", {}).items():
        demands.append(f"`{key}` requires {_list(others)}.")
    return f"\n{' '.join(demands)}\n" if demands else ""


def _name_bounds(type_name: str, schema: Schema) -> str:
    least, most, unit = _BOUNDS.get(type_name, ("", "", ""))
    match schema.get(least), schema.get(most):
        case None, None:
            return ""
        case 1, None:
            return " (not empty)"
        case low, None:
            return f" (at least {low}{unit})"
        case None, high:
            return f" (at most {high}{unit})"
        case low, high:
            return f" ({low} to {high}{unit})"


def _list(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _show(value: object) -> str:
    """Write a value as YAML's flow style has it: JSON, without the quotes that are not needed."""
    match value:
        case dict():
            return f"{{{', '.join(f'{key}: {_show(each)}' for key, each in value.items())}}}"
        case list():
            return f"[{', '.join(map(_show, value))}]"
        case str() if value and value[0].isalpha() and value.replace("-", "").replace("_", "").isalnum():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
