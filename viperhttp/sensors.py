"""Binary sensor frames: what is measured is described once, then samples go out packed, with no object for each.

A frame is one binary message, little-endian:

    0   u8    118, the mark of such a frame
    1   u8    the schema's id
    2   u16   rows: samples of every channel
    4   u32   number of the first row since the start, modulo 2**32: a gap is what was lost
    8   u64   when the first row was taken, in ms of the rooms' clock
    16        the rows, channel by channel, as the schema's type

The schema is a message of the room with the key "schema:ID", which the room keeps for those who join later. viper.js
hands frames out as typed arrays.
"""

import struct
from array import array

MARK = 118
HEAD = 16  # bytes before the samples; a whole number of values of every type
_HEAD = "<BBHIQ"
_WRAP = 0xFFFFFFFF
_TYPES = {  # named as JavaScript's typed arrays are
    "Int8": "b",
    "Uint8": "B",
    "Int16": "h",
    "Uint16": "H",
    "Int32": "i",
    "Uint32": "I",
    "Float32": "f",
    "Float64": "d",
}


class Schema:
    """What a feed measures.

    channels  one for each value of a row: its name, or a dict with name, unit (default ""), scale (default 1) and
              offset (default 0); the quantity is raw * scale + offset
    type      of all values: Int8, Uint8, Int16 (default), Uint16, Int32, Uint32, Float32 or Float64
    rate      rows per second, None (default) where they come irregularly
    id        0 to 255; different for feeds that one page may see
    name      of the whole, for people
    """

    def __init__(self, channels, type: str = "Int16", rate=None, id: int = 1, name: str = ""):  # noqa: A002
        if type not in _TYPES:
            raise ValueError("type %r is not one of %s" % (type, ", ".join(sorted(_TYPES))))
        if not 0 <= id <= 255:
            raise ValueError("a schema's id is a number from 0 to 255, not %r" % (id,))
        self.channels = [_channel(one) for one in channels]
        if not self.channels:
            raise ValueError("a schema needs at least one channel")
        self.type = type
        self.rate = rate
        self.id = id
        self.name = name
        self.code = _TYPES[type]
        self.key = "schema:%d" % id

    def describe(self) -> dict:
        """What is sent once."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "rate": self.rate,
            "channels": self.channels,
        }


def _channel(one) -> dict:
    given = {"name": one} if isinstance(one, str) else one
    channel = {"name": "", "unit": "", "scale": 1, "offset": 0}
    for key in given:
        if key not in channel:
            raise TypeError("channel option %r is not one of name, unit, scale, offset" % (key,))
        channel[key] = given[key]
    return channel


class Feed:
    """Sends rows of samples to a room, `rows` of them in a frame.

    room    a Room; a schema is among the values that it keeps for new members (its `keys`)
    schema  a Schema
    rows    in a full frame, 1 to 65535; a frame has 16 bytes more than its values
    sent    rows that have gone out, whoever was there
    """

    def __init__(self, room, schema: Schema, rows: int = 100):
        self.room = room
        self.schema = schema
        self.width = len(schema.channels)
        self.frame = array(schema.code, bytes(HEAD))
        self.head = self.at = len(self.frame)  # index where the samples begin, and of the next value
        size = HEAD // self.head
        if not 0 < rows <= 65535:
            raise ValueError("a frame has 1 to 65535 rows, not %r" % (rows,))
        # One for all the time: sampling takes no memory.
        self.frame = array(schema.code, bytes(HEAD + rows * self.width * size))
        self.end = len(self.frame)
        self.view = memoryview(self.frame)
        self.sent = 0
        self.began = 0
        if room.keys < 2:
            room.configure(keys=2)  # this feed's schema and its latest frame
        self.announce()

    def announce(self) -> None:
        """Send the schema. It happens by itself, at the beginning and whenever the room keeps it no more."""
        self.room.publish(self.schema.describe(), key=self.schema.key)

    def put(self, value) -> None:
        """Take one value: the next channel's. With the last channel of the last row the frame goes out.

        On MicroPython an integer that does not fit the type is cut to its low bits; CPython raises OverflowError.
        """
        at = self.at
        if at == self.head:
            self.began = self.room.manager.clock()
        self.frame[at] = value
        at += 1
        self.at = at
        if at == self.end:
            self.flush()

    def write(self, values) -> None:
        """Take many values, channel by channel: an array (or memoryview) of the schema's type."""
        values = memoryview(values)
        done = 0
        while done < len(values):
            if self.at == self.head:
                self.began = self.room.manager.clock()
            n = min(len(values) - done, self.end - self.at)
            self.view[self.at : self.at + n] = values[done : done + n]
            self.at += n
            done += n
            if self.at == self.end:
                self.flush()

    def skip(self, rows: int) -> None:
        """Count rows that could not be taken: the numbers go on behind them, so that everybody sees the gap."""
        self.flush()
        self.sent += rows

    def flush(self) -> int:
        """Send the rows taken so far; returns how many members that reached. An unfinished row stays."""
        rows = (self.at - self.head) // self.width
        if not rows:
            return 0
        room = self.room
        if self.schema.key not in room.values:
            self.announce()
        end = self.head + rows * self.width
        struct.pack_into(_HEAD, self.frame, 0, MARK, self.schema.id, rows, self.sent & _WRAP, self.began)
        reached = room.publish(bytes(self.view if end == self.end else self.view[:end]))
        self.sent += rows
        rest = self.at - end
        for at in range(rest):
            self.frame[self.head + at] = self.frame[end + at]
        self.at = self.head + rest
        return reached


def unpack(data, schema: Schema) -> tuple:
    """(rows, number of the first, its time in ms, array of values) of a frame; ValueError where it is none."""
    if len(data) < HEAD:
        raise ValueError("%d bytes are no frame of samples" % len(data))
    mark, ident, rows, first, t = struct.unpack_from(_HEAD, data, 0)
    values = array(schema.code, bytes(memoryview(data)[HEAD:]))
    if mark != MARK or ident != schema.id or len(values) != rows * len(schema.channels):
        raise ValueError("not a frame of schema %d" % schema.id)
    return rows, first, t, values
