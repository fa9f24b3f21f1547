"""An application that runs in memory, a step at a time: what stands behind viperhttp.testing."""

import asyncio

from ..config import MICROPYTHON, const
from ..connection.server import Server
from ..exceptions import HTTPException, WebSocketDisconnect, WebSocketException
from ..transport import ticks, ticks_add, ticks_diff
from ..transport.memory import MemoryListener
from .answers import Answers
from .dispatch import Dispatcher

_CONNECTING = const(0)  # connection.phases.CONNECTING

if MICROPYTHON:
    from ..transport.hub import core

PEER = ("testclient", 50000)
_EAGER = 50  # turns of the event loop before each costs a millisecond
_SWEEP = 20  # ms between two looks at the deadlines
_CALM = (asyncio.CancelledError, HTTPException, WebSocketException)  # not failures of a handler


class Running:
    """One application with an event loop that runs while run() does."""

    def __init__(self, app):
        self.app = app
        self.users = 0
        self.pipes: list = []
        self.swept = ticks()
        self.loop = asyncio.get_event_loop() if MICROPYTHON else asyncio.new_event_loop()

    @staticmethod
    def enter(app) -> "Running":
        """The application's Running, started if it is not yet."""
        server = app.server
        if server is None:
            running = Running(app)
            running.run(running._start())
        elif isinstance(server, _MemoryServer):
            running = server.running
        else:
            raise RuntimeError("this application is already running, on a port")
        running.users += 1
        return running

    def leave(self) -> None:
        """One user less; without any the application stops."""
        self.users -= 1
        if self.users:
            return
        self.run(self._stop())
        if not MICROPYTHON:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    async def _start(self) -> None:
        app = self.app
        app.prepare()
        watcher = _Watcher(app)
        server = _MemoryServer(app.config, watcher)
        server.running = self
        server.listener = MemoryListener(server._accepted)
        server.stopped = asyncio.Event()
        await server.listener.open(app.config)
        app.dispatcher, self.dispatcher = watcher, app.dispatcher
        app.server = server
        try:
            await app.emit("startup")
        except BaseException:
            self._reset()
            raise

    async def _stop(self) -> None:
        for pipe in self.pipes:
            pipe.leave()
        await self.turn()
        await self.app.server.shutdown()
        await self.app.emit("shutdown")
        self._reset()
        tasks = [] if MICROPYTHON else asyncio.all_tasks(self.loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()  # background tasks that the application has left
        if tasks:
            await asyncio.wait(tasks, timeout=1)

    def _reset(self) -> None:
        self.app.dispatcher = self.dispatcher
        self.app.server = None

    # ---- running -----------------------------------------------------------

    def run(self, coro):
        """Run a coroutine to its end, and the application meanwhile."""
        if in_loop():
            coro.close()
            raise RuntimeError("a TestClient cannot be used inside a running event loop")
        return self.loop.run_until_complete(coro)

    async def connect(self, data: bytes):
        """A new connection on which `data` has been sent."""
        pipe = self.app.server.listener.connect(PEER)
        self.pipes.append(pipe)
        pipe.send(data)
        return pipe

    async def turn(self) -> None:
        """Let everybody make a step or two."""
        for _ in range(3):
            await self._pass(0)

    async def until(self, condition, timeout: float) -> None:
        """Run the application until condition() is true; asyncio.TimeoutError after `timeout` seconds."""
        deadline = ticks_add(ticks(), int(timeout * 1000))
        turns = 0
        while not condition():
            if ticks_diff(ticks(), deadline) >= 0:
                raise asyncio.TimeoutError("the application did not answer within %s s" % timeout)
            turns += 1
            await self._pass(0 if turns < _EAGER else 0.001)

    async def _pass(self, pause: float) -> None:
        if MICROPYTHON:
            # Handlers that are woken on the spot leave their task where ours is expected.
            task = core.cur_task
            self._pump()
            core.cur_task = task
        else:
            # A handler is woken on the spot, which asyncio forbids inside another task.
            self.loop.call_soon(self._pump)
        await asyncio.sleep(pause)

    def _pump(self) -> None:
        # Move what waits in the pipes, and look at the deadlines.
        gone = None
        for pipe in self.pipes:
            pipe.pump()
            if not pipe.opened and (pipe.left or not pipe.sent):
                gone = pipe
        if gone is not None:
            self.pipes.remove(gone)
        now = ticks()
        if ticks_diff(now, self.swept) >= _SWEEP:
            self.swept = now
            self.app.server.sweep(now)


class _MemoryServer(Server):
    running = None


class _Watcher(Dispatcher):
    """Keeps, on the Pipe, what handlers raise, and what serves it."""

    def handle(self, connection, head):
        """A request is complete up to its body."""
        pipe = connection.sock
        pipe.channel = connection
        successor = Dispatcher.handle(self, connection, head)
        if successor is not None:
            pipe.channel = successor
            pipe.failure = getattr(successor, "failure", None)
        return successor

    def finished(self, channel, value, error) -> None:
        """A handler has returned or raised."""
        if error is not None:
            if channel.kind == "ws":
                self._keep_ws(channel, error)
            elif channel.phase_streaming() and not isinstance(error, OSError):
                self._keep(channel.sock, error)
        Dispatcher.finished(self, channel, value, error)

    def _keep_ws(self, ws, error) -> None:
        failure = error if not isinstance(error, _CALM) else None
        if isinstance(error, WebSocketDisconnect) and ws.phase != _CONNECTING:
            if self.is_uncaught(ws, error):
                failure = error
        if failure is not None:
            ws.failure = failure
            for pipe in self.app.server.running.pipes:
                if pipe.channel is ws:
                    pipe.failure = failure

    def error_response(self, request, error):
        """The answer to an exception that nobody caught."""
        self._keep(request.connection.sock, error)
        return Answers.error_response(self, request, error)  # type: ignore[arg-type]

    def no_response(self, connection, where: str, error) -> None:
        """What a handler returned is no response, or cannot be sent as one."""
        self._keep(connection.sock, error)
        Answers.no_response(self, connection, where, error)  # type: ignore[arg-type]

    def _keep(self, pipe, error) -> None:
        if pipe is not None and not isinstance(error, _CALM):
            pipe.failure = error


def in_loop() -> bool:
    """Whether an event loop is running here."""
    if MICROPYTHON:
        try:
            return asyncio.current_task() is not None
        except RuntimeError:
            return False
    return asyncio._get_running_loop() is not None
