"""Frames of samples: what goes into a Feed comes out of unpack(), numbered, timed and described."""

from array import array

from support import raises

from viperhttp.rooms.manager import ConnectionManager
from viperhttp.sensors import Feed, Schema, unpack

TYPES = {
    "Int8": (-128, 127),
    "Uint8": (0, 255),
    "Int16": (-32768, 32767),
    "Uint16": (0, 65535),
    "Int32": (-0x80000000, 0x7FFFFFFF),
    "Uint32": (0, 0xFFFFFFFF),
    "Float32": (-1.5, 1024.25),
    "Float64": (-1.5, 1e300),
}


class Room:
    """What a Feed needs of a Room, and a list of what it was given."""

    def __init__(self):
        self.manager = ConnectionManager()
        self.keys = 0
        self.values = None
        self.sent = []

    def configure(self, keys):
        self.keys = keys
        self.values = {}

    def publish(self, data, key=None, event=None):
        self.sent.append((key, data))
        self.values[key] = data
        return 1

    def frames(self, schema):
        return [unpack(data, schema) for key, data in self.sent if key is None]


def test_every_type_comes_out_as_it_went_in():
    for name, (low, high) in TYPES.items():
        room, schema = Room(), Schema(["a"], name)
        feed = Feed(room, schema, rows=2)
        feed.put(low)
        feed.put(high)
        rows, first, _, values = room.frames(schema)[0]
        assert (rows, first, list(values)) == (2, 0, [low, high]), name


def test_a_frame_goes_out_when_its_last_row_is_complete_and_frames_are_numbered_by_rows():
    room, schema = Room(), Schema(["x", "y"], "Int16")
    feed = Feed(room, schema, rows=3)
    for value in range(5):
        feed.put(value)
    assert room.frames(schema) == []
    for value in range(5, 17):
        feed.put(value)
    assert [frame[:2] for frame in room.frames(schema)] == [(3, 0), (3, 3)]
    assert [list(frame[3]) for frame in room.frames(schema)] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert feed.sent == 6


def test_flush_sends_whole_rows_and_keeps_the_unfinished_one():
    room, schema = Room(), Schema(["x", "y"], "Uint8")
    feed = Feed(room, schema, rows=10)
    assert feed.flush() == 0
    for value in (1, 2, 3):
        feed.put(value)
    assert feed.flush() == 1
    assert feed.flush() == 0
    feed.put(4)
    feed.flush()
    assert [(frame[:2], list(frame[3])) for frame in room.frames(schema)] == [((1, 0), [1, 2]), ((1, 1), [3, 4])]


def test_write_takes_many_values_at_once_over_the_borders_of_frames():
    room, schema = Room(), Schema(["x", "y"], "Int32")
    feed = Feed(room, schema, rows=4)
    feed.put(-1)
    feed.write(array("i", range(20)))
    feed.put(99)
    feed.flush()
    values = []
    for frame in room.frames(schema):
        values += list(frame[3])
    assert values == [-1] + list(range(20)) + [99]
    assert [frame[1] for frame in room.frames(schema)] == [0, 4, 8]


def test_skipped_rows_leave_a_gap_in_the_numbers():
    room, schema = Room(), Schema(["x"], "Int8")
    feed = Feed(room, schema, rows=4)
    feed.put(1)
    feed.skip(1000)
    feed.put(2)
    feed.flush()
    assert [frame[1] for frame in room.frames(schema)] == [0, 1001]


def test_numbers_go_on_behind_32_bits():
    room, schema = Room(), Schema(["x"], "Int8")
    feed = Feed(room, schema, rows=1)
    feed.sent = 0xFFFFFFFF
    feed.put(1)
    feed.put(2)
    assert [frame[1] for frame in room.frames(schema)] == [0xFFFFFFFF, 0]


def test_the_time_is_that_of_the_first_row_on_the_clock_of_the_rooms():
    room, schema = Room(), Schema(["x"], "Int8")
    feed = Feed(room, schema, rows=2)
    before = room.manager.clock()
    feed.put(1)
    after = room.manager.clock()
    room.manager.time += 5000
    feed.put(2)
    assert before <= room.frames(schema)[0][2] <= after


def test_the_schema_is_sent_first_and_again_when_the_room_keeps_it_no_more():
    room = Room()
    schema = Schema([{"name": "t", "unit": "°C", "scale": 0.1, "offset": -40}, "n"], "Uint16", 50, 7, "Box")
    feed = Feed(room, schema, rows=1)
    assert room.sent == [("schema:7", schema.describe())]
    assert room.keys >= 2  # the schema and the latest frame
    described = room.sent[0][1]
    assert described["channels"] == [
        {"name": "t", "unit": "°C", "scale": 0.1, "offset": -40},
        {"name": "n", "unit": "", "scale": 1, "offset": 0},
    ]
    assert (described["type"], described["rate"], described["id"], described["name"]) == ("Uint16", 50, 7, "Box")
    del room.values["schema:7"]
    feed.put(1)
    feed.put(2)
    assert [key for key, _ in room.sent] == ["schema:7", "schema:7", None]


def test_a_real_room_keeps_the_schema_for_those_who_join_later():
    room = ConnectionManager().room("scope", policy="drop_oldest")
    schema = Schema(["x"])
    feed = Feed(room, schema, rows=1)
    for value in range(40):
        feed.put(value)
    assert schema.key in room.values


def test_what_is_wrong_with_a_schema_or_a_feed_is_said():
    assert "Int24" in str(raises(ValueError, Schema, ["x"], "Int24"))
    assert "256" in str(raises(ValueError, Schema, ["x"], "Int8", None, 256))
    raises(ValueError, Schema, [])
    assert "units" in str(raises(TypeError, Schema, [{"units": "V"}]))
    raises(ValueError, Feed, Room(), Schema(["x"]), 0)
    raises(ValueError, Feed, Room(), Schema(["x"]), 65536)


def test_what_is_no_frame_of_the_schema_is_refused():
    room, schema = Room(), Schema(["x", "y"], "Int8")
    feed = Feed(room, schema, rows=1)
    feed.put(1)
    feed.put(2)
    good = room.sent[-1][1]
    assert unpack(good, schema)[0] == 1
    assert unpack(memoryview(good), schema)[0] == 1
    for bad in (b"", good[:15], good + b"\0", b"\0" + good[1:]):
        raises(ValueError, unpack, bad, schema)
    raises(ValueError, unpack, good, Schema(["x", "y"], "Int8", None, 2))
