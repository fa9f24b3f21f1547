# MicroPython's own asyncio: a plain TCP echo over its streams. No WebSocket.
#   floor_asyncio.py PORT [echo|read] [garbage=N] [heap]
# echo reads into one buffer per connection (the cheaper way), read takes new bytes each time.
# Ends when its last connection has closed.
import asyncio
import sys

from tally import Tally

TCP_NODELAY = 1
READ_SIZE = 2048
allocating = sys.argv[2:3] == ["read"]
tally = Tally(sys.argv[3:])


async def echo(reader, writer):
    buffer = bytearray(READ_SIZE)
    view = memoryview(buffer)
    counting = tally.garbage
    while True:
        n = await reader.readinto(buffer)
        if not n:
            return
        if counting:
            tally.message()
        writer.write(view[:n])
        await writer.drain()


async def echo_bytes(reader, writer):
    counting = tally.garbage
    while True:
        data = await reader.read(READ_SIZE)
        if not data:
            return
        if counting:
            tally.message()
        writer.write(data)
        await writer.drain()


async def serve(reader, writer):
    writer.s.setsockopt(6, TCP_NODELAY, 1)  # 6: IPPROTO_TCP
    tally.opened()
    try:
        await (echo_bytes if allocating else echo)(reader, writer)
    except OSError:
        pass
    writer.close()
    await writer.wait_closed()
    if tally.closed():
        sys.exit()


async def main():
    await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=512)
    while True:
        await asyncio.sleep(3600)


asyncio.run(main())
