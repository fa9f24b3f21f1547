"""MicroPython: asyncio.wait_for() whose result is not lost when it comes at the very moment of the timeout.

MicroPython's own cancels the helper task that was to hand the result over, and says TimeoutError although the task
has ended: a message that ws.receive_text() had taken was gone (10 of 2000 at a timeout of 3 ms). CPython returns it.
"""

import asyncio
from asyncio import core


async def wait_for(aw, timeout, sleep=core.sleep):
    """asyncio.wait_for(): the result of `aw`; asyncio.TimeoutError after `timeout` seconds."""
    from asyncio.funcs import wait_for  # asyncio itself loads it at the first use, too

    task = core._promote_to_task(aw)
    try:
        return await wait_for(task, timeout, sleep)
    except core.TimeoutError:
        if task.done() and isinstance(task.data, StopIteration):
            return task.data.value
        raise


def wait_for_ms(aw, timeout):
    """asyncio.wait_for_ms(): wait_for() with milliseconds."""
    return wait_for(aw, timeout, core.sleep_ms)


asyncio.wait_for = wait_for
asyncio.wait_for_ms = wait_for_ms
