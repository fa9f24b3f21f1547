"""The page /docs, with a policy that lets its own script run and no other."""

from ...endpoints.packed import packed
from ...endpoints.responses import HTML


def page(request):
    """The page as a Response, or 304 when the browser has it."""
    from . import page_data

    return packed(request, page_data, page_headers(page_data))


def page_headers(data) -> list:
    """The headers of a page whose module has its policy."""
    return [
        ("Content-Type", HTML),
        # The page's own script and nothing else: whatever a route's description holds, it cannot run.
        ("Content-Security-Policy", data.POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]
