"""RateLimitMiddleware: how many requests one client may make."""

from ..exceptions import HTTPException
from ..transport import ticks, ticks_diff


class RateLimitMiddleware:
    """Answers a client that asks too often with 429 and Retry-After; opening a WebSocket counts as a request.

    rate          requests per second that a client may go on with; default 20
    burst         requests that it may make at once; default 40
    max_requests  and window_sec: the same told otherwise, so many in so many seconds
    max_clients   addresses that are remembered, default 64; beyond them the longest silent one is forgotten

    A client is an IP address: behind a proxy all share one.
    """

    def __init__(
        self, rate: float = 20, burst: float = 40, max_requests=None, window_sec=None, max_clients: int = 64
    ):
        if max_requests is not None:
            burst = max_requests
            rate = max_requests / (window_sec or 1)
        elif window_sec is not None:
            raise ValueError("window_sec needs max_requests")
        if rate <= 0 or burst < 1:
            raise ValueError("rate must be above 0 and burst at least 1, not %r and %r" % (rate, burst))
        self.rate = rate
        self.burst = burst
        self.max_clients = max_clients
        self.clients: dict = {}  # {address: [requests left, tick of the last]}

    def wait(self, address) -> float:
        """Count a request: 0, or the seconds after which the next is welcome."""
        now = ticks()
        bucket = self.clients.get(address)
        if bucket is None:
            if len(self.clients) >= self.max_clients:
                self._forget_one(now)
            self.clients[address] = bucket = [self.burst, now]
        passed = ticks_diff(now, bucket[1])
        if passed < 0:
            passed = 1 << 29  # silent for so many days that the ticks have gone round
        left = min(self.burst, bucket[0] + passed * self.rate / 1000)
        bucket[1] = now
        if left < 1:
            bucket[0] = left
            return (1 - left) / self.rate
        bucket[0] = left - 1
        return 0

    def _forget_one(self, now: int) -> None:
        oldest = None
        age = -1
        for address, bucket in self.clients.items():
            silent = ticks_diff(now, bucket[1]) & 0x3FFFFFFF
            if silent > age:
                oldest, age = address, silent
        del self.clients[oldest]

    async def __call__(self, request, call_next):
        """Let the request pass, or refuse it."""
        self.ws_check(request)
        return await call_next(request)

    def ws_check(self, request) -> bool:
        """True, or HTTPException 429."""
        client = request.client
        seconds = self.wait(client[0] if client else None)
        if seconds:
            raise HTTPException(429, "Too Many Requests", {"Retry-After": str(int(seconds) + 1)})
        return True
