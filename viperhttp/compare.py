"""Comparing secrets in a time that does not tell how much of a guess is right."""

from .config import MICROPYTHON

if MICROPYTHON:

    def _same(a: bytes, b: bytes) -> bool:
        # Looks at every byte, whatever the first difference: the time tells nothing but the length.
        wrong = len(a) ^ len(b)
        n = len(b)
        for i in range(len(a)):
            wrong |= a[i] ^ b[i % n] if n else 1
        return wrong == 0

else:
    from hmac import compare_digest as _same  # CPython


def same(given: str, wanted: str) -> bool:
    """Whether two strings are equal."""
    return _same(given.encode(), wanted.encode())
