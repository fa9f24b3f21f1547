"""WebSocket handlers, one per situation, for the behaviour tests. Arguments: PORT, config as JSON.

Each prints what it has seen as one line "NAME: ...", for the test to wait for.
"""

import asyncio
import gc
import json
import sys
import time

import viperhttp
from viperhttp import WebSocketDisconnect, WebSocketException

app = viperhttp.ViperHTTP(config=json.loads(sys.argv[2]))


@app.get("/state")
async def state():
    gc.collect()
    used = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
    return {"clients": app.server.count, "used": used, "refused": app.server.refused}


@app.get("/slow")
async def slow():
    await asyncio.sleep(0.2)
    return "slow"


@app.get("/http-only")
async def http_only():
    print("http-only: ran")
    return "page"


@app.websocket("/echo")
async def echo(ws):
    await ws.accept()
    while True:
        message = await ws.receive()
        if message["type"] == "close":
            print("echo: closed", message["code"], message.get("reason", ""))
            break
        if message["type"] == "text":
            await ws.send_text(message["text"])
        else:
            await ws.send_bytes(message["bytes"])


@app.websocket("/small", max_message=100)
async def small(ws):
    await ws.accept()
    while True:
        await ws.send(await ws.receive_text())


@app.websocket("/room/{name}")
async def room(ws, name):
    await ws.accept()
    await ws.send_json({"name": name})


@app.websocket("/number/{n:int}")
async def number(ws, n):
    await ws.accept()
    await ws.send_json({"n": n})


@app.websocket("/protocols", protocols=["chat.v2", "chat.v1"])
async def protocols(ws):
    await ws.accept()
    await ws.send_json({"subprotocol": ws.subprotocol})


@app.websocket("/accept-as/{name}")
async def accept_as(ws, name):
    await ws.accept(subprotocol=name)
    await ws.send_json({"subprotocol": ws.subprotocol})


# ---- busy and pushing handlers ------------------------------------------


@app.websocket("/busy/{seconds:float}")
async def busy(ws, seconds):
    await ws.accept()
    await asyncio.sleep(seconds)
    print("busy: awake, closed =", ws.closed, ws.close_code)
    while True:
        await ws.send_text(await ws.receive_text())


@app.websocket("/late/{seconds:float}")
async def late(ws, seconds):
    await asyncio.sleep(seconds)
    await ws.accept()
    while True:
        await ws.send_text(await ws.receive_text())


@app.websocket("/late-echo/{seconds:float}")
async def late_echo(ws, seconds):
    await ws.accept()
    await asyncio.sleep(seconds)
    await ws.send_text("late")
    while True:
        await ws.send_text(await ws.receive_text())


@app.websocket("/fill/{size:int}")
async def fill(ws, size):
    # Sends until the queue is full, and no more.
    await ws.accept()
    n = 0
    while True:
        await ws.send_text("%d " % n + "." * size)
        n += 1
        if ws.backlog() > app.config.send_queue // 2:
            break
    print("fill: blocked after", n)
    await ws.receive_text()


@app.websocket("/ticks")
async def tick(ws):
    await ws.accept()
    n = 0
    try:
        while True:
            await ws.send_text("tick %d" % n)
            n += 1
            await asyncio.sleep(0.02)
    except WebSocketDisconnect as end:
        print("ticks: ended", end.code)


@app.websocket("/flood/{size:int}")
async def flood(ws, size):
    # Sends as fast as it can and never waits for anything else.
    await ws.accept()
    n = 0
    try:
        while True:
            await ws.send_text("%08d" % n + "." * (size - 8))
            n += 1
    except WebSocketDisconnect as end:
        print("flood: ended", end.code)


@app.websocket("/two-senders/{count:int}")
async def two_senders(ws, count):
    await ws.accept()

    async def send(name):
        for n in range(count):
            await ws.send_text("%s %d %s" % (name, n, "." * 500))

    await asyncio.gather(send("a"), send("b"), send("c"))
    print("two-senders: all sent")


@app.websocket("/two-receivers")
async def two_receivers(ws):
    await ws.accept()

    async def receive():
        try:
            return await ws.receive_text()
        except RuntimeError as error:
            print("two-receivers:", error)
            return ""

    first = asyncio.create_task(receive())
    await asyncio.sleep(0)
    await ws.send_text("second" + await receive())
    await ws.send_text("first " + await first)


@app.websocket("/impatient")
async def impatient(ws):
    # Waits for short times; what arrives at the moment of a timeout must not be lost.
    await ws.accept()
    while True:
        try:
            await ws.send_text(await ws.receive_text(timeout=0.01))
        except asyncio.TimeoutError:
            pass


@app.websocket("/at-the-timeout")
async def at_the_timeout(ws):
    # The message is there in time; that it is handed over comes after the time is up.
    await ws.accept()

    async def take():
        await asyncio.sleep(0.01)
        message = await ws.receive_text()
        time.sleep(0.06)
        return message

    try:
        await ws.send_text("got " + await asyncio.wait_for(take(), 0.03))
    except asyncio.TimeoutError:
        await ws.send_text("lost")


@app.websocket("/child-task")
async def child_task(ws):
    await ws.accept()

    async def in_a_task():
        return viperhttp.current_request()

    try:
        found = await asyncio.wait_for(in_a_task(), 10)
        await ws.send_text("the ws" if found is ws else "something else")
    except LookupError as error:
        await ws.send_text(str(error))


@app.websocket("/zombie")
async def zombie(ws):
    # Never looks at its connection.
    await ws.accept()
    print("zombie: started")
    try:
        while True:
            await asyncio.sleep(0.01)
    finally:
        print("zombie: finally", ws.close_code)


@app.websocket("/finally")
async def clean(ws):
    await ws.accept()
    try:
        await ws.receive()
        raise ValueError("a message came")
    finally:
        print("finally: ran", ws.close_code, ws.close_reason)


# ---- one case each -----------------------------------------------------------

CASES = {}


@app.websocket("/case/{name}")
async def case(ws, name):
    await CASES[name](ws)


def a_case(function):
    """Register a handler for /case/NAME."""
    CASES[function.__name__] = function
    return function


async def outcome(make):
    """What awaiting make() comes to, as text."""
    try:
        return repr(await make())
    except WebSocketDisconnect as end:
        return "WebSocketDisconnect(%d, %r)" % (end.code, end.reason)
    except WebSocketException as error:
        return "WebSocketException(%d, %r)" % (error.code, error.reason)
    except (RuntimeError, ValueError, TypeError) as error:
        return "%s: %s" % (type(error).__name__, error)


@a_case
async def text_wanted(ws):
    await ws.accept()
    print("text_wanted:", await outcome(ws.receive_text))
    await ws.send_text(await ws.receive_text())


@a_case
async def text_wanted_uncaught(ws):
    await ws.accept()
    await ws.receive_text()


@a_case
async def bytes_wanted_uncaught(ws):
    await ws.accept()
    await ws.receive_bytes()


@a_case
async def json_wanted(ws):
    await ws.accept()
    while True:
        await ws.send_json(await ws.receive_json())


@a_case
async def receive_after_close(ws):
    await ws.accept()
    print("1:", await outcome(ws.receive))
    print("2:", await outcome(ws.receive))
    print("3:", await outcome(ws.receive_text))
    print("4:", await outcome(ws.receive_text))
    print("5:", await outcome(lambda: ws.send_text("x")))
    print("6:", ws.closed, ws.close_code, ws.close_reason)


@a_case
async def after_own_close(ws):
    await ws.accept()
    await ws.close(4000, "mine")
    await ws.close(4001, "again")
    print("1:", await outcome(lambda: ws.send_text("x")))
    print("2:", await outcome(ws.receive_text))
    print("3:", ws.closed, ws.close_code, ws.close_reason)


@a_case
async def accept_twice(ws):
    await ws.accept()
    await ws.accept()
    await ws.send_text("once")


@a_case
async def before_accept(ws):
    print("1:", await outcome(lambda: ws.send_text("x")))
    print("2:", await outcome(ws.receive_text))
    await ws.accept()


@a_case
async def close_first(ws):
    await ws.close(1008)
    print("close_first:", await outcome(ws.accept))


@a_case
async def return_first(ws):
    pass


@a_case
async def raise_first(ws):
    raise KeyError("before accept")


@a_case
async def exception_first(ws):
    raise WebSocketException(4002, "no")


@a_case
async def raise_later(ws):
    await ws.accept()
    raise KeyError("after accept")


@a_case
async def exception_later(ws):
    await ws.accept()
    raise WebSocketException(4002, "wse")


@a_case
async def return_later(ws):
    await ws.accept()


@a_case
async def undecided(ws):
    await asyncio.sleep(1)
    print("undecided:", await outcome(ws.accept))


@a_case
async def close_403(ws):
    await ws.accept()
    await ws.close(403)


@a_case
async def long_reason(ws):
    await ws.accept()
    await ws.close(4003, "x" + "\u00e4" * 100)


@a_case
async def close_while_queued(ws):
    await ws.accept()
    for n in range(20):
        await ws.send_text("%d " % n + "." * 1000)
    await ws.close(4004, "after the data")


@a_case
async def close_under_a_sender(ws):
    # One task waits for room in the queue while the handler closes.
    await ws.accept()

    async def push():
        n = 0
        while True:
            await ws.send_bytes(bytes(8000))
            n += 1

    task = asyncio.create_task(outcome(push))
    await ws.receive_text()
    await ws.close(4005)
    print("close_under_a_sender:", await task)


@a_case
async def cancelled_sender(ws):
    # A send that is cancelled while it waits must not spoil the stream, nor block the next one.
    await ws.accept()
    sent = 0
    while True:
        try:
            await asyncio.wait_for(push_one(ws, sent), 0.3)
            sent += 1
        except asyncio.TimeoutError:
            break
    print("cancelled_sender: blocked")
    await ws.receive_text()
    await ws.send_text("last after %d" % sent)


async def push_one(ws, n):
    await ws.send_text("%d " % n + "." * 4000)


@a_case
async def send_two_tasks_and_close(ws):
    await ws.accept()
    asyncio.create_task(outcome(ws.receive_text))
    await asyncio.sleep(0)
    await ws.close(4006)


app.run(int(sys.argv[1]))
