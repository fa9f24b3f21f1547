"""The functions of cases.py, where the internals of asyncio have changed: tests/behaviour/apps/coming_asyncio.py."""

import sys

import coming_asyncio

coming_asyncio.come("all")
__import__("cases").run(sys.argv[1:])
