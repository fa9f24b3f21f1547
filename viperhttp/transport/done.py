"""CPython: what to await when there is nothing to wait for."""

import collections.abc

_TURN = 63  # of so many sends one lets the event loop turn


class _Done(collections.abc.Coroutine):
    """Awaiting it returns at once; create_task() and wait_for() take it too.

    Now and then it lets others run: a handler that sends in a tight loop to a client that reads as fast would
    otherwise keep everything else waiting, its own client's CLOSE included.
    """

    count = 0

    def __await__(self):
        self.count += 1
        return iter(()) if self.count & _TURN else _turn()

    def send(self, value):
        raise StopIteration

    def throw(self, typ, value=None, traceback=None):
        raise typ if value is None else value

    def close(self):
        pass


def _turn():
    yield


DONE = _Done()
