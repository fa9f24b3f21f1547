"""Peers that vanish without a word: their packets are dropped, so that neither FIN nor RST nor ACK comes from them."""

import ctypes
import socket
import struct
import sys

_SO_ATTACH_FILTER = 26  # Linux
_DROP = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF: return 0, which takes none of a packet's bytes


def vanish(sock):
    """From now on `sock` gets no packet, and so acknowledges none; what has been done about it, in words.

    A filter of the kernel on this socket, for which neither root nor a network namespace is needed. Where there are
    none, a socket that is open and never read has to do: its kernel answers for it.
    """
    if sys.platform.startswith("linux"):
        program = ctypes.create_string_buffer(_DROP)
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))
            return "dropped packets"
        except OSError:
            pass  # a sandbox without socket filters
    return "a socket that is not read"
