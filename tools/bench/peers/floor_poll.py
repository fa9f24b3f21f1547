# The floor: sockets and select.poll alone, what comes in goes out. No WebSocket, no asyncio.
#   floor_poll.py PORT [echo|room] [garbage=N] [heap]
# Ends when its last connection has closed.
import select
import socket
import sys

from tally import Tally

TCP_NODELAY = 1
buffer = bytearray(20480)
tally = Tally(sys.argv[3:])


def listen(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    s.listen(512)
    s.setblocking(False)
    return s


def accept(listener, poller, members):
    client = listener.accept()[0]
    client.setblocking(False)
    client.setsockopt(6, TCP_NODELAY, 1)  # 6: IPPROTO_TCP
    poller.register(client, select.POLLIN)
    members.append(client)
    tally.opened()


def drop(client, poller, members):
    poller.unregister(client)
    client.close()
    members.remove(client)
    return tally.closed()


def serve(port, to_all, count):
    listener = listen(port)
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    members = []
    b = buffer
    while True:
        for s, _ in poller.ipoll(-1):
            if s is listener:
                accept(listener, poller, members)
                continue
            n = s.readinto(b)
            if not n:
                if n == 0 and drop(s, poller, members):
                    return
                continue
            if count:
                tally.message()
            if to_all:
                for member in members:
                    member.write(b, n)
            else:
                s.write(b, n)


serve(int(sys.argv[1]), sys.argv[2:3] == ["room"], tally.garbage)
