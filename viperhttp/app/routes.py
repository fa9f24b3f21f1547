"""What ViperHTTP and Router are made of: they register handlers, by the decorators of routing.py and verbs.py."""

from ..cold import Cold

WEBSOCKET = "WEBSOCKET"  # the method name under which a route keeps its WebSocket handler


class Routes(Cold):
    """Base of ViperHTTP and Router."""

    _early: tuple = (
        "viperhttp.app.routing.Routing route get websocket add ",
        "viperhttp.app.verbs.Verbs post put patch delete options head websocket_route stream ",
    )
