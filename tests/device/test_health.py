"""Health: who blocks the loop, what is kept over a reboot, what feeds the watchdog, and who is told what."""

import asyncio
import json
import os
import sys
import time

from device_support import Folder, Names, fetch, serve, silent, until

import viperhttp.log as log
from viperhttp import ViperHTTP
from viperhttp.auth import BasicAuth
from viperhttp.device import errors, health, lag
from viperhttp.device.errors import Errors
from viperhttp.device.health import Health
from viperhttp.transport import ticks, ticks_add

said = silent(lag)
OPENING = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MICROPYTHON = sys.implementation.name == "micropython"


def make(folder, **options):
    app = ViperHTTP(docs=False)
    options.setdefault("lag", 150)
    return app, Health(app, errors=Errors(folder + "/errors.json"), **options)


def culprit(one, *names):
    """The entry that names one of them, or None."""
    for entry in one.lag.blocked:
        if any(name in entry["who"] for name in names):
            return entry
    return None


async def steady(one):
    """The monitor has measured for a while."""
    beats = one.lag.beats
    await until(lambda: one.lag.beats > beats + 2, "the monitor runs")


def blocked_by(prepare, *names):
    """Run an application in which something blocks for 0.4 s, until that is noted; returns the Health."""
    with Folder() as folder:
        app, one = make(folder)
        trigger = prepare(app)

        async def body(port):
            await steady(one)
            for _ in range(10):  # CPython's thread may come too late on a busy machine
                await trigger(port)
                await steady(one)
                if culprit(one, *names):
                    return culprit(one, *names)
            raise AssertionError("the culprit is not named among %r" % one.lag.blocked)

        entry = serve(app, body)
        assert entry["ms"] >= 150, entry
        assert one.lag.worst >= 150
        return one


def test_a_task_that_blocks_is_named():
    def prepare(app):
        async def greedy_pump():
            await asyncio.sleep(0.05)
            time.sleep(0.4)
            await asyncio.sleep(5)

        async def trigger(port):
            task = asyncio.create_task(greedy_pump())
            await asyncio.sleep(0.6)
            task.cancel()

        return trigger

    blocked_by(prepare, "greedy_pump")
    assert any("greedy_pump" in line and "blocked the loop for" in line for line in said)


def test_a_plain_handler_that_blocks_is_named():
    def prepare(app):
        @app.get("/plain-and-slow")
        def slow():
            time.sleep(0.4)
            return "done"

        return lambda port: fetch(port, "/plain-and-slow")

    blocked_by(prepare, "/plain-and-slow")


def test_an_async_handler_that_blocks_later_is_named():
    def prepare(app):
        @app.get("/async-and-slow")
        async def sluggish():
            await asyncio.sleep(0.05)
            time.sleep(0.4)
            return "done"

        return lambda port: fetch(port, "/async-and-slow")

    blocked_by(prepare, "sluggish")


def test_a_websocket_handler_that_blocks_at_a_message_is_named():
    def prepare(app):
        @app.websocket("/ws")
        async def talker(ws):
            await ws.accept()
            async for _ in ws:
                time.sleep(0.4)

        async def trigger(port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(OPENING)
            await writer.drain()
            while await reader.readline() != b"\r\n":
                pass
            await asyncio.sleep(0.05)
            writer.write(b"\x81\x81\x00\x00\x00\x00x")
            await writer.drain()
            await asyncio.sleep(0.6)
            writer.close()

        return trigger

    blocked_by(prepare, "talker")


def test_a_loop_that_only_waits_is_not_blamed():
    with Folder() as folder:
        app, one = make(folder, lag=3000)

        @app.get("/")
        async def index():
            await asyncio.sleep(0.05)
            return "ok"

        async def body(port):
            for _ in range(5):
                await fetch(port, "/")
                await asyncio.sleep(0.3)

        serve(app, body)
        assert one.lag.blocked == [], one.lag.blocked


def test_the_list_of_culprits_is_bounded_and_counts():
    one = lag.Lag()
    for n in range(50):
        one.note("task %d" % (n % 20), 300 + n)
    assert len(one.blocked) == lag.KEEP
    one.note(one.blocked[0]["who"], 900)
    assert (one.blocked[0]["times"], one.blocked[0]["ms"]) == (2, 900)


def test_the_monitor_leaves_nothing_behind():
    with Folder() as folder:
        app, one = make(folder)

        async def body(port):
            await steady(one)

        serve(app, body)
        if MICROPYTHON:
            from viperhttp.transport.hub import hub

            assert "_wait" not in repr(hub.wait_io_event), hub.wait_io_event
        else:
            import threading

            for thread in threading.enumerate():
                thread.name == "viperhttp-lag" and thread.join(20)
            assert "viperhttp-lag" not in [thread.name for thread in threading.enumerate()]


# ---- /health -----------------------------------------------------------------------


def test_health_is_json():
    with Folder() as folder:
        app, one = make(folder)
        one.mount()

        async def body(port):
            await steady(one)
            return await fetch(port, "/health")

        status, head, text = serve(app, body)
        found = json.loads(text)
        assert status == 200 and "application/json" in head and "no-store" in head
        assert found["status"] == "ok" and found["server"]["connections"] == 1 and found["uptime"] >= 0
        assert found["server"]["accepted"] >= 1 and found["errors"] == [] and found["system"]
        if MICROPYTHON:
            assert 0 < found["heap"]["largest"] <= found["heap"]["free"]


def test_what_clients_send_is_heard():
    """It spares Wi-Fi the question whether the link is alive."""
    app = ViperHTTP(docs=False)

    @app.websocket("/ws")
    async def echo(ws):
        await ws.accept()
        async for _ in ws:
            pass

    async def body(port):
        accepted = app.server.accepted
        await fetch(port, "/nowhere")
        assert app.server.accepted == accepted + 1, "a request on a new connection"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(OPENING)
        await writer.drain()
        while await reader.readline() != b"\r\n":
            pass
        swept = app.server.swept
        await until(lambda: app.server.swept > swept + 2, "it looks at the deadlines")
        heard = app.server.heard
        writer.write(b"\x81\x81\x00\x00\x00\x00x")
        await writer.drain()
        await until(lambda: app.server.heard > heard, "a message")
        writer.close()

    serve(app, body)


def test_a_browser_gets_a_page():
    with Folder() as folder:
        app, one = make(folder)
        one.mount("/state")

        async def body(port):
            return await fetch(port, "/state", "Accept: text/html,*/*\r\n")

        status, head, text = serve(app, body)
        assert status == 200 and "gzip" in head and text[:2] == b"\x1f\x8b"


def test_strangers_are_told_only_whether_it_is_well():
    with Folder() as folder:
        app, one = make(folder, auth=BasicAuth(username="admin", password="swordfish"))
        one.mount()

        async def body(port):
            assert json.loads((await fetch(port, "/health"))[2]) == {"status": "ok"}
            assert (await fetch(port, "/health", "Accept: text/html\r\n"))[0] == 401
            assert (await fetch(port, "/health", "Authorization: Basic eDp5\r\n"))[0] == 401
            right = await fetch(port, "/health", "Authorization: Basic YWRtaW46c3dvcmRmaXNo\r\n")
            assert "loop" in json.loads(right[2])

        serve(app, body)


def test_the_largest_block_can_be_had_and_hardly_more():
    if not MICROPYTHON:
        return
    kept = [bytearray(1000) for _ in range(50)]
    size = health.largest_block()
    assert size > 1024
    block = bytearray(size)
    del block, kept


# ---- errors that are kept --------------------------------------------------------------


def test_errors_survive_a_reboot():
    with Folder() as folder:
        path = folder + "/errors.json"
        one = Errors(path)
        one.listen()
        try:
            log.report("a handler", ValueError("boom"))
            log.report("a handler", ValueError("boom"))
        finally:
            log.listen(None)
        one.flush()
        again = Errors(path)
        assert again.boot == one.boot + 1
        assert [(entry["text"], entry["times"]) for entry in again.entries] == [("a handler: ValueError: boom", 2)]


def test_errors_are_few_and_short():
    with Folder() as folder:
        path = folder + "/errors.json"
        one = Errors(path)
        for n in range(100):
            one.add("error %d " % n + "x" * 1000)
        one.flush()
        assert len(Errors(path).entries) == errors.KEEP
        assert os.stat(path)[6] < errors.KEEP * 260


def test_flash_is_written_seldom():
    with Folder() as folder:
        one = Errors(folder + "/errors.json")
        writes = []
        save = one.store.save
        one.store.save = lambda: writes.append(1) or save()
        now = [ticks()]
        errors.ticks = lambda: now[0]
        try:
            for second in range(3600):
                now[0] = ticks_add(now[0], 1000)
                one.add("error %d" % second)
                one.tick()
        finally:
            errors.ticks = ticks
        assert 2 <= len(writes) <= 7, len(writes)


def test_a_full_flash_is_no_error_of_its_own():
    class Full:
        values = {}

        def get(self, key, default=None):
            return default

        def update(self, changes):
            pass

        def save(self):
            raise OSError(28)

    with Folder() as folder:
        one = Errors(folder + "/errors.json")
        one.store = Full()
        one.add("x")
        one.flush()
        assert len(one.entries) == 1


# ---- the watchdog -------------------------------------------------------------------------


class Machine(Names):
    PWRON_RESET, WDT_RESET = 1, 3

    def __init__(self, cause=1):
        self.fed = []
        self.cause = cause
        machine = self

        class WDT:
            def __init__(self, timeout):
                machine.timeout = timeout

            def feed(self):
                machine.fed.append(ticks())

        self.WDT = WDT

    def reset_cause(self):
        return self.cause


def with_machine(machine, function):
    before = sys.modules.get("machine")
    sys.modules["machine"] = machine
    try:
        return function()
    finally:
        if before is None:
            del sys.modules["machine"]
        else:
            sys.modules["machine"] = before


def test_the_watchdog_is_fed_while_the_server_lives_and_not_when_it_does_not():
    def run():
        with Folder() as folder:
            app, one = make(folder, watchdog=8)
            before = health._TICK
            health._TICK = 0.05

            async def body(port):
                await until(lambda: len(machine.fed) > 5, "it is fed")
                # The loop turns, but the server looks at no deadline any more.
                app.server.sweep = lambda now: None
                await asyncio.sleep(1)
                fed = len(machine.fed)
                await asyncio.sleep(1)
                assert len(machine.fed) == fed, "it is fed for nothing"

            try:
                serve(app, body)
            finally:
                health._TICK = before

    machine = Machine()
    with_machine(machine, run)
    assert machine.timeout == 8000


def test_a_blocked_loop_does_not_feed():
    def run():
        with Folder() as folder:
            app, one = make(folder, watchdog=8)
            before = health._TICK
            health._TICK = 0.02

            async def body(port):
                await until(lambda: len(machine.fed) > 3, "it is fed")
                fed = len(machine.fed)
                time.sleep(0.5)
                assert len(machine.fed) == fed

            try:
                serve(app, body)
            finally:
                health._TICK = before

    machine = Machine()
    with_machine(machine, run)


def test_the_reset_cause_has_a_name():
    assert with_machine(Machine(1), health.reset_cause) == "power on"
    assert with_machine(Machine(3), health.reset_cause) == "watchdog"
    assert "99" in with_machine(Machine(99), health.reset_cause)
