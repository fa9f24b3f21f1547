"""MicroPython: asyncio.wait_for() whose result is not lost when it comes at the very moment of the timeout.

MicroPython's own cancels the helper task that was to hand the result over, and says TimeoutError although the task
has ended: a message that ws.receive_text() had taken was gone (10 of 2000 at a timeout of 3 ms). CPython returns it.
"""

import asyncio

# asyncio itself loads its own at the first use: it is there already when somebody has used it, or all is one module.
_own = asyncio.__dict__.get("wait_for")


async def wait_for(aw, timeout, sleep=asyncio.sleep):
    """asyncio.wait_for(): the result of `aw`; asyncio.TimeoutError after `timeout` seconds."""
    own = _own
    if own is None:
        from asyncio.funcs import wait_for as own

    task = aw if isinstance(aw, asyncio.Task) else asyncio.create_task(aw)
    try:
        return await own(task, timeout, sleep)
    except asyncio.TimeoutError:
        end = getattr(task, "data", None)
        if task.done() and isinstance(end, StopIteration):
            return end.value
        raise


def wait_for_ms(aw, timeout):
    """asyncio.wait_for_ms(): wait_for() with milliseconds."""
    return wait_for(aw, timeout, asyncio.sleep_ms)


asyncio.wait_for = wait_for
asyncio.wait_for_ms = wait_for_ms
