# Counts connections and memory inside a MicroPython server that is being measured.
#
# Used as: tally = Tally(sys.argv[3:]). What the arguments ask for:
#   heap      print "live CONNECTIONS BYTES" (after a collection) at 1, 101 and 201 connections
#   pad=N     hold N small objects, so that everything else lies elsewhere in the heap
#   garbage=N print "garbage BYTES" per message over N messages, collector off
# Without arguments only the connections are counted, outside the message path.
import gc

LIVE_AT = (1, 101, 201)
WARM_UP = 10  # messages before the count starts: the first ones fill caches


class Tally:
    def __init__(self, args):
        self.live = 0
        self.heap = "heap" in args
        self.garbage = 0
        for a in args:
            if a.startswith("garbage="):
                self.garbage = int(a[8:])
            elif a.startswith("pad="):
                self.pad = [[i] for i in range(int(a[4:]))]
        self.messages = self.start = 0

    def opened(self):
        self.live += 1
        if self.heap and self.live in LIVE_AT:
            gc.collect()
            print("live", self.live, gc.mem_alloc())

    def closed(self):
        """Count a closed connection; true when it was the last one."""
        self.live -= 1
        return self.live == 0

    def message(self):
        """Count a message. Called only by the handlers made for garbage=N."""
        self.messages += 1
        if self.messages == WARM_UP:
            gc.collect()
            gc.disable()
            self.start = gc.mem_alloc()
        elif self.messages == WARM_UP + self.garbage:
            used = gc.mem_alloc() - self.start
            gc.enable()
            print("garbage", used / self.garbage)
