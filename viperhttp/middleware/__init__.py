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
        from .base import BaseHTTPMiddleware

        return BaseHTTPMiddleware
    if name == "CORSMiddleware":
        from .cors import CORSMiddleware

        return CORSMiddleware
    if name == "CSRFMiddleware":
        from .csrf import CSRFMiddleware

        return CSRFMiddleware
    if name == "RateLimitMiddleware":
        from .ratelimit import RateLimitMiddleware

        return RateLimitMiddleware
    if name == "SecurityHeadersMiddleware":
        from .security import SecurityHeadersMiddleware

        return SecurityHeadersMiddleware
    if name == "SessionMiddleware":
        from ..sessions import SessionMiddleware

        return SessionMiddleware
    if name == "TrustedHostMiddleware":
        from .hosts import TrustedHostMiddleware

        return TrustedHostMiddleware
    if name == "WebSocketOriginMiddleware":
        from .origins import WebSocketOriginMiddleware

        return WebSocketOriginMiddleware
    if name == "RequestIDMiddleware":
        from .trace import RequestIDMiddleware

        return RequestIDMiddleware
    from .trace import AccessLogMiddleware

    return AccessLogMiddleware
