"""The page /docs, with a policy that lets its own script run and no other."""

from ...endpoints.packed import packed, page_headers


def page(request):
    """The page as a Response, or 304 when the browser has it."""
    from . import page_data

    return packed(request, page_data, page_headers(page_data))
