"""Sealing a few bytes with a passphrase, in age's format (age-encryption.org/v1): `age` and every library opens it.

The library's own way takes 256 or 512 MB of memory, as it finds the machine; a small box has not that much to spare.
Opening takes what was chosen here, so that stays with the library.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Final

# 2 to the power of 16, with blocks of 8: 64 MB, a quarter of a second. What `backup key` makes has some 150 bits.
WORK: Final = 16
_BLOCKS: Final = 8
_MEMORY: Final = 2 * 128 * _BLOCKS * 2**WORK
_LONGEST: Final = 64 * 1024
_LAST_CHUNK: Final = bytes(11) + b"\x01"


def seal(secret: bytes, passphrase: str) -> bytes:
    """The secret (one chunk of the format, 64 kB at most) as an age file."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305  # 8 MB that other commands never need

    if len(secret) > _LONGEST:
        raise ValueError("too long for one chunk")
    file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    wrapping = hashlib.scrypt(
        passphrase.encode(), salt=b"age-encryption.org/v1/scrypt" + salt, n=2**WORK, r=_BLOCKS, p=1, maxmem=_MEMORY, dklen=32
    )  # fmt: skip
    wrapped = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt " + _text(salt) + f" {WORK}\n".encode() + _text(wrapped) + b"\n---"
    proof = hmac.digest(_derived(file_key, b"", b"header"), header, "sha256")
    sealed = ChaCha20Poly1305(_derived(file_key, nonce, b"payload")).encrypt(_LAST_CHUNK, secret, None)
    return header + b" " + _text(proof) + b"\n" + nonce + sealed


def _derived(key: bytes, salt: bytes, about: bytes) -> bytes:
    """HKDF with SHA-256, one block of it."""
    return hmac.digest(hmac.digest(salt or bytes(32), key, "sha256"), about + b"\x01", "sha256")


def _text(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")
