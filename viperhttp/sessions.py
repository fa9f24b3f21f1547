"""Sessions: what the server keeps for a client, under an id in a cookie that nobody can guess."""

import json
import os
import time
from binascii import hexlify

from .config import MICROPYTHON
from .endpoints.cookies import set_cookie
from .log import report

_ID_BYTES = 16  # 128 random bits, twice what OWASP asks for
_ID_LENGTH = 2 * _ID_BYTES
_BUDGET = 16384 if MICROPYTHON else 1048576


class Session(dict):
    """A dict of JSON values. All requests and WebSockets of a client share one while it is in memory.

    On MicroPython copy it by dict(session.items()): its dict() does not take a dict's subclass.
    Changes are kept when the handler has ended; save() keeps them at once, which a long-lived WebSocket may want.
    """

    def __init__(self, sessions, key: "str | None" = None):
        super().__init__()
        self.sessions = sessions
        self.id = key  # None: the client does not know of it yet
        self.stamp = 0
        self.size = 0
        self.mark = None  # of the stored content: flash is written when it has changed
        self.written = 0
        self.users = 0  # WebSockets that hold it

    def save(self) -> None:
        """Keep the changes. ValueError when the content is larger than the limit."""
        self.sessions.keep(self)

    def regenerate(self) -> None:
        """Give it a new id and keep the content: call it at login, so that an id known before is worth nothing.

        The client learns the id from the answer to an HTTP request, or from the 101.
        """
        self.sessions.forget(self)
        if self:
            self.save()

    def invalidate(self) -> None:
        """Empty and forget it: a logout."""
        self.clear()
        self.sessions.forget(self)

    @property
    def csrf_token(self) -> str:
        """The token that CSRFMiddleware wants back; made at first use."""
        if "_csrf" not in self:
            self["_csrf"] = new_id()
        return self["_csrf"]


class SessionMiddleware:
    """Gives request.session and ws.session: add it once, before middleware that uses them.

    cookie        name of the cookie, default "session"
    ttl           seconds without a request after which a session ends, default 3600
    max_sessions  in memory, default 256; beyond, the longest unused is dropped
    max_bytes     of one session as JSON, default 4096
    budget        bytes of all in memory, default 16384 on a board and 1048576 on CPython
    secure        the cookie over HTTPS only; default False, since boards mostly speak HTTP
    same_site     "lax" (default), "strict" or "none" (with secure=True)
    path, domain  where the cookie is sent; default "/" and this host only
    max_age       seconds the browser keeps the cookie; None (default) until it ends
    store         a FileStore, for sessions that outlive a power cut; None (default) keeps them in RAM only

    The cookie is HttpOnly. It is set when a session gets its first content: in an HTTP answer, or in the 101 of a
    WebSocket that wrote to ws.session before accept(). Ages are told by time.time(): set the clock before serving.
    """

    def __init__(
        self,
        cookie: str = "session",
        ttl: int = 3600,
        max_sessions: int = 256,
        max_bytes: int = 4096,
        budget: int = _BUDGET,
        secure: bool = False,
        same_site: str = "lax",
        path: str = "/",
        domain: "str | None" = None,
        max_age: "int | None" = None,
        store=None,
    ):
        self.cookie = cookie
        self.ttl = ttl
        self.max_sessions = max_sessions
        self.max_bytes = max_bytes
        self.budget = budget
        self.store = store
        self.options: dict = {"secure": secure, "samesite": same_site, "path": path, "domain": domain, "httponly": True}
        self.max_age = max_age
        self.live: dict = {}  # {id: Session}
        self.used = 0  # bytes of those
        set_cookie(cookie, "x", **self.options)  # wrong options fail here

    # ---- requests --------------------------------------------------------

    async def __call__(self, request, call_next):
        """Save the session behind the handler, and tell the client its id."""
        response = await call_next(request)
        session = request.state.get("session")
        if session is not None:
            session.save()
            line = self._cookie_for(request, session)
            if line is not None:
                response.fields.append(("Set-Cookie", line))
        return response

    def session_of(self, request):
        """The session of a request or WebSocket, an empty one when the client has none."""
        session = request.state.get("session")
        if session is None:
            session = self.find(request.cookies.get(self.cookie))
            if session is None:
                session = Session(self)
            request.state["session"] = session
            if hasattr(request, "at_end"):
                self._hold(request, session)
        return session

    def _hold(self, ws, session) -> None:
        session.users += 1

        def at_accept():
            session.save()
            line = self._cookie_for(ws, session)
            return [] if line is None else [("Set-Cookie", line)]

        def at_end():
            session.users -= 1
            known = session.id is not None or not session
            try:
                session.save()
            except Exception as error:
                report("session of WebSocket %s" % ws.path, error)
            if not known:
                report("session of WebSocket %s is lost: begin it before accept(), or in a request" % ws.path)
                session.invalidate()

        ws.at_accept = at_accept
        ws.at_end = at_end

    def _cookie_for(self, request, session):
        given = request.cookies.get(self.cookie)
        if session.id is None:
            return None if given is None else set_cookie(self.cookie, "", max_age=0, **self.options)
        if session.id == given:
            return None
        return set_cookie(self.cookie, session.id, max_age=self.max_age, **self.options)

    # ---- the sessions ----------------------------------------------------

    def find(self, key):
        """The session with an id from a cookie, or None: it must be one that was given out here."""
        if not key or len(key) != _ID_LENGTH or key.strip("0123456789abcdef"):
            return None
        session = self.live.get(key)
        if session is None:
            session = self._load(key)
        if session is None:
            return None
        now = time.time()
        if not session.users and now - session.stamp >= self.ttl:
            session.invalidate()
            return None
        session.stamp = now  # also when the clock was set back
        return session

    def _load(self, key: str):
        if self.store is None:
            return None
        found = self.store.load(key)
        if found is None:
            return None
        session = Session(self, key)
        session.stamp, text = found
        session.written = session.stamp
        try:
            session.update(json.loads(text))
        except (ValueError, TypeError):
            return None
        session.mark = _mark(json.dumps(session))
        session.size = len(text)
        self._admit(session)
        return session

    def keep(self, session) -> None:
        """Store a session's content, and give it an id when it has its first. ValueError when it is too large."""
        if session.id is None and not session:
            return
        text = json.dumps(session)
        if len(text) > self.max_bytes:
            session.invalidate()
            raise ValueError("a session of %d bytes is dropped: max_bytes is %d" % (len(text), self.max_bytes))
        if session.id is None:
            session.id = new_id()
            session.mark = None
        session.stamp = time.time()
        if self.live.get(session.id) is session:
            self.used += len(text) - session.size
            session.size = len(text)
        else:
            session.size = len(text)
            self._admit(session)
        if self.store is not None:
            self._write(session, text)

    def _write(self, session, text: str) -> None:
        mark = _mark(text)
        # Unchanged content is written again now and then, so that the file's age is known after a power cut.
        if mark != session.mark or not 0 <= session.stamp - session.written < self.ttl // 4:
            self.store.save(session.id, text, self.ttl)
            session.mark = mark
            session.written = session.stamp

    def _admit(self, session) -> None:
        now = time.time()
        for other in list(self.live.values()):
            if not other.users and now - other.stamp >= self.ttl:
                self._drop(other)
        while self.live and (len(self.live) >= self.max_sessions or self.used + session.size > self.budget):
            idle = [other for other in self.live.values() if not other.users]
            if not idle:
                break  # as many as there are WebSockets
            self._drop(min(idle, key=_stamp))
        self.live[session.id] = session
        self.used += session.size

    def _drop(self, session) -> None:
        if self.live.get(session.id) is session:
            del self.live[session.id]
            self.used -= session.size

    def forget(self, session) -> None:
        """Make a session's id worthless."""
        if session.id is not None:
            self._drop(session)
            if self.store is not None:
                self.store.delete(session.id)
            session.id = None


def new_id() -> str:
    """An id that cannot be guessed: 32 hexadecimal digits from the system's (on boards the chip's) random source."""
    return hexlify(os.urandom(_ID_BYTES)).decode()


def _stamp(session):
    return session.stamp


def _mark(text: str) -> bytes:
    import hashlib

    return hashlib.sha256(text.encode()).digest()
