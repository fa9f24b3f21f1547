"""/viper.js: the browser's side of app.stream(). Loaded when a browser asks for it."""

from ...endpoints.packed import packed


def script(request):
    """The script as a Response, or 304 when the browser has it."""
    from . import viper_js

    # An ES module from another origin needs to be allowed; there is nothing secret in it.
    headers = [("Content-Type", "text/javascript; charset=utf-8"), ("Access-Control-Allow-Origin", "*")]
    return packed(request, viper_js, headers)
