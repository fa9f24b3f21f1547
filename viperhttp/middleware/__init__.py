"""Middleware, each in a module of its own that loads when its name is first used."""

__all__ = (
    "AccessLogMiddleware",
    "BaseHTTPMiddleware",
    "CORSMiddleware",
    "CSRFMiddleware",
    "RateLimitMiddleware",
    "RequestIDMiddleware",
    "SecurityHeadersMiddleware",
    "SessionMiddleware",
    "TrustedHostMiddleware",
    "WebSocketOriginMiddleware",
)


def __getattr__(name):
    if name not in __all__:
        raise AttributeError("module 'viperhttp.middleware' has no attribute %r" % name)
    value = _load(name)
    globals()[name] = value
    return value


def _load(name: str):
    if name == "BaseHTTPMiddleware":
        from .base import BaseHTTPMiddleware as found
    elif name == "CORSMiddleware":
        from .cors import CORSMiddleware as found
    elif name == "CSRFMiddleware":
        from .csrf import CSRFMiddleware as found
    elif name == "RateLimitMiddleware":
        from .ratelimit import RateLimitMiddleware as found
    elif name == "SecurityHeadersMiddleware":
        from .security import SecurityHeadersMiddleware as found
    elif name == "SessionMiddleware":
        from ..sessions import SessionMiddleware as found
    elif name == "TrustedHostMiddleware":
        from .hosts import TrustedHostMiddleware as found
    elif name == "WebSocketOriginMiddleware":
        from .origins import WebSocketOriginMiddleware as found
    elif name == "RequestIDMiddleware":
        from .trace import RequestIDMiddleware as found
    else:
        from .trace import AccessLogMiddleware as found
    return found
