"""The server's end: clients are told, answers and handlers may finish, the port is free."""

import asyncio

from ..config import const
from ..transport import Channel, ticks, ticks_add, ticks_diff

_OPEN = const(1)  # connection.phases.OPEN
_STEP = const(20)  # ms between two looks at what still runs
_CLEAN_UP = const(10)  # times _STEP that cancelled handlers have for their `finally` at the end


class Stopping:
    """Mixin of Server."""

    async def shutdown(self) -> None:
        """Accept no more, close WebSockets with 1001, let answers end, and free the port.

        A handler may call it: its own answer, or its own WebSocket's end, is not waited for.
        """
        if self.stopping:
            return await self.stopped.wait()
        self.stopping = True
        self.listener.close()
        caller = Channel.current()
        for channel in self._all():
            self._end(channel)
        deadline = ticks_add(ticks(), int(self.config.shutdown_timeout * 1000))
        while ticks_diff(ticks(), deadline) < 0 and self._busy(caller):
            await asyncio.sleep(_STEP / 1000)
            self.sweep(ticks())
            for channel in self._all():
                if channel.kind == "ws" and channel.phase == _OPEN:
                    self._end(channel)  # it was accepted only now
        cancelled = [channel for channel in self._all() if channel.task is not None] + list(self.lingering)
        self.abort(caller)
        # Cancelled handlers run their `finally`, which may wait for something.
        for _ in range(_CLEAN_UP):
            await asyncio.sleep(0)
            if all(channel.task is None or channel is caller for channel in cancelled):
                break
            await asyncio.sleep(_STEP / 1000)
        self.stopped.set()

    def _busy(self, caller) -> bool:
        for channel in self._all():
            if channel is not caller:
                return True
        for channel in self.lingering:
            if channel is not caller:
                return True
        return False

    def _end(self, channel) -> None:
        if channel.kind == "ws":
            if channel.phase == _OPEN:
                channel.start_close(1001, "the server stops")
            elif not channel.task:
                channel.drop()
        elif not channel.stop():
            channel.drop()
