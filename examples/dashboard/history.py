"""A bounded ring of the latest samples, so that a new page has filled charts at once."""

from array import array

NOTHING = float("nan")  # stands for "no reading" inside an array
MILLISECONDS = 0xFFFFFFFF  # times are kept modulo 2**32 ms (49 days)


class History:
    """The last `rows` samples of `columns` numbers, in memory taken once (4 bytes per number).

    Each column has an array of its own: a board's heap in pieces still has room for a kilobyte.
    """

    def __init__(self, columns, rows):
        self._rows = rows
        self._times = array("I", bytes(4 * rows))
        self._columns = [array("f", bytes(4 * rows)) for _ in range(columns)]
        self.added = 0  # samples ever added; the ring holds the last of them

    def add(self, time, values):
        slot = self.added % self._rows
        self._times[slot] = time & MILLISECONDS
        for column, value in zip(self._columns, values):
            column[slot] = NOTHING if value is None else value
        self.added += 1

    def first(self):
        """Number of the oldest sample that is still held."""
        return max(0, self.added - self._rows)

    def sample(self, number):
        """(time, values) of one held sample; numbers count from the first one ever added."""
        slot = number % self._rows
        values = [column[slot] for column in self._columns]
        return self._times[slot], [None if value != value else value for value in values]
