"""Who is asking: passwords (RFC 7617), bearer tokens (RFC 6750) and API keys, for requests and WebSockets."""

from binascii import a2b_base64

from .app.asking import current_request
from .compare import same
from .exceptions import HTTPException
from .transport import ticks, ticks_add, ticks_diff

_DEFAULT = object()


class Limiter:
    """Shuts out addresses that guess.

    failures     wrong credentials within `window` seconds after which an address is shut out; default 5 in 60 s
    ban          seconds that it stays so; default 300
    max_clients  addresses that are remembered, default 64; the longest known is forgotten for a new one
    """

    def __init__(self, failures: int = 5, window: int = 60, ban: int = 300, max_clients: int = 64):
        self.failures = failures
        self.window = window * 1000
        self.ban = ban * 1000
        self.max_clients = max_clients
        self.known: dict = {}  # {address: [failures, tick of the first, tick of the ban's end or None]}

    def wait(self, address) -> int:
        """Seconds that the address is still shut out, 0 when it is not."""
        entry = self.known.get(address)
        if entry is None or entry[2] is None:
            return 0
        left = ticks_diff(entry[2], ticks())
        if 0 < left <= self.ban:
            return (left + 999) // 1000
        del self.known[address]
        return 0

    def failed(self, address) -> None:
        """Count a failure of the client at `address`."""
        now = ticks()
        entry = self.known.get(address)
        if entry is None or not 0 <= ticks_diff(now, entry[1]) < self.window:
            if entry is None and len(self.known) >= self.max_clients:
                self._forget_one(now)
            self.known[address] = entry = [0, now, None]
        entry[0] += 1
        if entry[0] >= self.failures:
            entry[2] = ticks_add(now, self.ban)

    def succeeded(self, address) -> None:
        """Forget the failures of the client at `address`."""
        self.known.pop(address, None)

    def _forget_one(self, now: int) -> None:
        oldest = None
        age = -1
        for address, entry in self.known.items():
            since = ticks_diff(now, entry[1]) & 0x3FFFFFFF
            if since > age:
                oldest, age = address, since
        del self.known[oldest]


class Auth:
    """What the three kinds share. An instance guards, on both runtimes, as

    a dependency  deps={"user": Depends(auth)}: the handler gets the identity
    a hook        app.before_request(auth) for requests; app.before_request(websocket=True)(auth) for WebSockets,
                  which it accepts
    a middleware  app.add_middleware(auth): every request, static files too, and every WebSocket handshake

    Missing or wrong credentials are 401 with WWW-Authenticate (RFC 9110 section 11.6.1), too many wrong ones 429
    with Retry-After. The identity is also in request.state["user"].

    realm    shown by browsers that ask for a password
    limiter  a Limiter; by default 5 failures in 60 s shut an address out for 300 s. None: unlimited guesses
    """

    def __init__(self, realm: str, limiter):
        if '"' in realm or "\\" in realm:
            raise ValueError("realm %r must not hold quotes or backslashes" % realm)
        self.realm = realm
        self.limiter = Limiter() if limiter is _DEFAULT else limiter

    def __call__(self, request=None, call_next=None):
        """Guard: a dependency's call without arguments, a hook's (request), or a middleware's (request, call_next)."""
        if request is None:
            return self.check(current_request())
        self.check(request)
        if call_next is not None:
            return call_next(request)
        if hasattr(request, "accept_now"):
            request.accept_now()
        return None

    def ws_check(self, request) -> bool:
        """The middleware's part in a WebSocket handshake (`request`): True, or HTTPException."""
        self.check(request)
        return True

    def check(self, request):
        """The identity behind a request or WebSocket. HTTPException 401 or 429."""
        client = request.client
        address = client[0] if client else None
        if self.limiter is not None:
            seconds = self.limiter.wait(address)
            if seconds:
                raise HTTPException(429, "too many failures", {"Retry-After": str(seconds)})
        given = self.credentials(request)
        if given is None:
            raise self._refusal("not authenticated", False)
        identity = self.identify(given)
        if identity is None or identity is False:
            if self.limiter is not None:
                self.limiter.failed(address)
            raise self._refusal("wrong credentials", True)
        if self.limiter is not None:
            self.limiter.succeeded(address)
        request.state["user"] = identity
        return identity

    def _refusal(self, detail: str, wrong: bool):
        return HTTPException(401, detail, {"WWW-Authenticate": self.challenge(wrong)})

    def credentials(self, request):
        """What `request` carries, or None. Each scheme has its own."""
        raise NotImplementedError

    def identify(self, given):
        """Whom `given`, what credentials() has found, belongs to; None: nobody."""
        raise NotImplementedError

    def challenge(self, wrong: bool) -> str:
        """The WWW-Authenticate header; wrong: credentials came, and were not right."""
        raise NotImplementedError


class BasicAuth(Auth):
    """Name and password, which browsers ask for themselves (RFC 7617). Without HTTPS anybody on the way can read them.

    users     {name: password}; or username= and password= for a single one
    check     function(name, password) that gives the identity, or None: for hashed passwords, say
    realm     and limiter: see Auth
    The identity is the name.
    """

    def __init__(
        self, users=None, username=None, password=None, check=None, realm: str = "viperhttp", limiter=_DEFAULT
    ):
        Auth.__init__(self, realm, limiter)
        self.users = dict(users or {})
        if username is not None:
            self.users[username] = password
        self.verify = check
        _need_secrets(self.users.values(), check)

    def credentials(self, request):
        """(name, password), or None."""
        text = _after("basic", request)
        if text is None:
            return None
        try:
            name, colon, password = str(a2b_base64(text), "utf-8").partition(":")
        except (ValueError, UnicodeError):
            return "", ""
        return (name, password) if colon else ("", "")

    def identify(self, given):
        """The name, when the password is its own."""
        name, password = given
        if self.verify is not None:
            return self.verify(name, password)
        found = None
        for known, wanted in self.users.items():  # all of them: the time does not tell which names exist
            if same(name, known) & same(password, wanted):
                found = known
        return found

    def challenge(self, wrong: bool) -> str:
        """The WWW-Authenticate header."""
        return 'Basic realm="%s", charset="UTF-8"' % self.realm


class BearerAuth(Auth):
    """A token in `Authorization: Bearer ...` (RFC 6750).

    token    the token; or tokens=, several, or {token: identity}
    check    function(token) that gives the identity, or None
    query    name of a query parameter that may carry the token instead, since a page cannot set headers of a
             WebSocket; URLs end up in logs, so there is none by default
    realm    and limiter: see Auth
    The identity is the token, or what `tokens` says.
    """

    def __init__(self, token=None, tokens=None, check=None, query=None, realm: str = "viperhttp", limiter=_DEFAULT):
        Auth.__init__(self, realm, limiter)
        self.secrets = _identities(token, tokens)
        self.verify = check
        self.query = query
        _need_secrets(self.secrets, check)

    def credentials(self, request):
        """The token, or None."""
        return _after("bearer", request) or _from_query(request, self.query)

    def identify(self, given):
        """Whose token it is."""
        return self.verify(given) if self.verify is not None else _find(self.secrets, given)

    def challenge(self, wrong: bool) -> str:
        """The WWW-Authenticate header."""
        error = ', error="invalid_token"' if wrong else ""
        return 'Bearer realm="%s"%s' % (self.realm, error)


class APIKeyAuth(Auth):
    """A key in a header of its own.

    api_key  the key; or keys=, several, or {key: identity}
    header   its header, default X-API-Key; header_name is the same
    check    function(key) that gives the identity, or None
    query    name of a query parameter that may carry the key instead: see BearerAuth
    realm    and limiter: see Auth
    The identity is the key, or what `keys` says.
    """

    def __init__(
        self,
        api_key=None,
        keys=None,
        header: str = "X-API-Key",
        header_name: "str | None" = None,
        check=None,
        query=None,
        realm: str = "viperhttp",
        limiter=_DEFAULT,
    ):
        Auth.__init__(self, realm, limiter)
        self.secrets = _identities(api_key, keys)
        self.header = header_name or header
        self.verify = check
        self.query = query
        _need_secrets(self.secrets, check)

    def credentials(self, request):
        """The key, or None."""
        return request.header(self.header) or _from_query(request, self.query)

    def identify(self, given):
        """Whose key it is."""
        return self.verify(given) if self.verify is not None else _find(self.secrets, given)

    def challenge(self, wrong: bool) -> str:
        """The WWW-Authenticate header."""
        return 'APIKey realm="%s", header="%s"' % (self.realm, self.header)


def _after(scheme: str, request):
    kind, _, rest = request.header("authorization", "").partition(" ")
    return rest.strip() if kind.lower() == scheme and rest.strip() else None


def _from_query(request, name):
    if name is None:
        return None
    try:
        return request.query_params.get(name) or None
    except ValueError:
        return None


def _identities(one, several) -> dict:
    found = {}
    if one is not None:
        found[one] = one
    if isinstance(several, str):
        several = (several,)
    for secret in several or ():
        found[secret] = several[secret] if isinstance(several, dict) else secret
    return found


def _find(secrets: dict, given: str):
    found = None
    for secret, identity in secrets.items():  # all of them, as long as each takes
        if same(given, secret):
            found = identity
    return found


def _need_secrets(secrets, check) -> None:
    if check is not None:
        return
    secrets = list(secrets)
    for secret in secrets:
        if not secret or not isinstance(secret, str):
            raise ValueError("a secret must be a str that is not empty")
    if not secrets:
        raise ValueError("nobody could get in: give a secret, or check=")
