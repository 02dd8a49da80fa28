"""Tokens: repeatable with the key, unguessable without."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.tokens import KINDS, hash_of, looks_like, make

KEY = b"k" * 32


def test_a_token_is_the_same_each_time_it_is_made() -> None:
    assert make("offer", 7, 0, KEY) == make("offer", 7, 0, KEY)


def test_kind_id_generation_and_key_all_change_the_token() -> None:
    made = [
        ("offer", 7, 0, KEY),
        ("booking", 7, 0, KEY),
        ("offer", 8, 0, KEY),
        ("offer", 7, 1, KEY),
        ("offer", 7, 0, b"x"),
    ]
    assert len({make(*arguments) for arguments in made}) == len(made)


def test_a_token_carries_the_first_128_bits_of_the_hmac() -> None:
    alphabet, number = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 0
    for char in make("offer", 7, 2, KEY).removeprefix("wl_"):
        number = number * 58 + alphabet.index(char)
    assert number.to_bytes(16, "big") == hmac.new(KEY, b"offer:7:2", hashlib.sha256).digest()[:16]


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**53), st.integers(0, 99), st.binary(min_size=1, max_size=40))
def test_every_token_has_the_same_shape(kind: str, id: int, generation: int, key: bytes) -> None:
    token = make(kind, id, generation, key)
    assert len(token) == 25
    assert looks_like(token)


@pytest.mark.parametrize(
    "text", ["", "wl_", "wl_" + "1" * 21, "wl_" + "1" * 23, "wl_" + "0" * 22, "WL_" + "1" * 22, "wl_" + "1" * 22 + "\n"]
)
def test_other_texts_do_not_look_like_tokens(text: str) -> None:
    assert not looks_like(text)


def test_the_database_keeps_a_sha256() -> None:
    assert hash_of("wl_x") == hashlib.sha256(b"wl_x").digest()


def test_an_unknown_kind_or_no_key_is_an_error() -> None:
    for kind, key in (("login", KEY), ("offer", b"")):
        with pytest.raises(ValueError):
            make(kind, 1, 0, key)
