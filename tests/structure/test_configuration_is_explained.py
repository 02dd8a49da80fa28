"""Every key of config.toml stands in the example and in the documentation, and nothing else does."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from waitlist_appliance.config import KEYS, Config, ConfigError, Key, load, render

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "config.example.toml"


def example_values() -> dict[str, object]:
    document = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    return {f"{section}.{name}": value for section, keys in document.items() for name, value in keys.items()}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_is_in_the_example_with_its_explanation(key: Key) -> None:
    assert example_values().keys() & set(key.names)
    assert f"# {key.help}\n" in EXAMPLE.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_is_in_the_documentation(key: Key) -> None:
    documentation = (TOP / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in documentation for name in key.names)


def test_the_documentation_names_no_key_that_does_not_exist() -> None:
    documentation = (TOP / "docs" / "configuration.md").read_text(encoding="utf-8")
    sections = "|".join({key.name.split(".")[0] for key in KEYS})
    named = set(re.findall(rf"`((?:{sections})\.[a-z_]+)`", documentation))
    assert named == {name for key in KEYS for name in key.names}


def test_the_example_is_what_init_would_write() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == render(example_values())


def test_the_untouched_example_is_refused() -> None:
    with pytest.raises(ConfigError, match="the example's address"):
        load(EXAMPLE, {})


def test_every_field_of_the_configuration_has_its_key() -> None:
    assert sorted(key.attribute for key in KEYS) == sorted(field.name for field in fields(Config))
