# The servers that viperhttp stands beside on CPython, each as its documentation writes an echo.
#   cpython_peers.py PORT KIND [room|get]
# KIND: asyncio, websockets, aiohttp, picows, uvicorn-wsproto, uvicorn-websockets
# Compression is off in all of them. Each ends when its last connection has closed.
import asyncio
import os
import sys

FOREVER = 3600
HOST = "127.0.0.1"
BACKLOG = 1024
live = 0


def opened():
    global live
    live += 1


def closed():
    global live
    live -= 1
    if not live:
        os._exit(0)  # an ordinary exit waits for tasks; callgrind still prints its totals


class Echo(asyncio.BufferedProtocol):
    """The floor: what asyncio itself costs, without WebSocket."""

    buffer = bytearray(65536)
    view = memoryview(buffer)

    def connection_made(self, transport):
        self.transport = transport
        opened()

    def get_buffer(self, hint):
        return self.buffer

    def buffer_updated(self, count):
        self.transport.write(self.view[:count])

    def connection_lost(self, error):
        closed()


async def plain_asyncio(port):
    await asyncio.get_running_loop().create_server(Echo, HOST, port, backlog=BACKLOG)
    await asyncio.sleep(FOREVER)


async def websockets_echo(port):
    from websockets.asyncio.server import serve

    async def handler(ws):
        opened()
        try:
            async for message in ws:
                await ws.send(message)
        finally:
            closed()

    async with serve(handler, HOST, port, compression=None, backlog=BACKLOG):
        await asyncio.sleep(FOREVER)


async def websockets_room(port):
    from websockets.asyncio.server import broadcast, serve

    members = set()

    async def handler(ws):
        opened()
        members.add(ws)
        try:
            async for message in ws:
                broadcast(members, message)
        finally:
            members.discard(ws)
            closed()

    async with serve(handler, HOST, port, compression=None, backlog=BACKLOG):
        await asyncio.sleep(FOREVER)


async def aiohttp_echo(port):
    from aiohttp import WSMsgType, web

    async def handler(request):
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        opened()
        try:
            async for message in ws:
                if message.type == WSMsgType.TEXT:
                    await ws.send_str(message.data)
                elif message.type == WSMsgType.BINARY:
                    await ws.send_bytes(message.data)
        finally:
            closed()
        return ws

    async def get(request):
        return web.json_response({"ok": True, "value": 42})

    app = web.Application()
    app.router.add_get("/echo", handler)
    app.router.add_get("/get", get)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port, backlog=BACKLOG).start()
    await asyncio.sleep(FOREVER)


async def picows_echo(port):
    from picows import WSListener, WSMsgType, ws_create_server

    class Listener(WSListener):
        def on_ws_connected(self, transport):
            opened()

        def on_ws_frame(self, transport, frame):
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code(), frame.get_close_message())
                transport.disconnect()
            else:
                transport.send(frame.msg_type, frame.get_payload_as_bytes())

        def on_ws_disconnected(self, transport):
            closed()

    server = await ws_create_server(lambda request: Listener(), HOST, port)
    await server.serve_forever()


async def asgi_get(scope, receive, send):
    head = [(b"content-type", b"application/json"), (b"content-length", b"24")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b'{"ok":true, "value": 42}'})


async def asgi_echo(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    opened()
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            break
        if event.get("text") is not None:
            await send({"type": "websocket.send", "text": event["text"]})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})
    closed()


def uvicorn_server(port, engine, application):
    import uvicorn

    uvicorn.run(
        application,
        host=HOST,
        port=port,
        ws=engine,
        log_level="critical",
        ws_per_message_deflate=False,
        lifespan="off",
        loop="asyncio",
        http="h11",
    )


def main(port, kind, mode):
    if kind.startswith("uvicorn-"):
        engine = kind[8:]
        engine = "websockets-sansio" if engine == "websockets" else engine
        return uvicorn_server(port, engine, asgi_get if mode == "get" else asgi_echo)
    servers = {
        "asyncio": plain_asyncio,
        "websockets": websockets_room if mode == "room" else websockets_echo,
        "aiohttp": aiohttp_echo,
        "picows": picows_echo,
    }
    return asyncio.run(servers[kind](port))


main(int(sys.argv[1]), sys.argv[2], (sys.argv[3:] or ["echo"])[0])
