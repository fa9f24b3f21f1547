"""ViperHTTP: the application that routes are registered on, and that runs the server."""

from ..cold import complete
from ..config import MICROPYTHON, Config
from .routes import Routes

if MICROPYTHON:
    from .jsontext import Json as default_json

    Base = Routes
else:
    import json as default_json

    from .hosted import Hosted as Base


class ViperHTTP(Base):
    """An application: routes, and the server that runs them.

    title, version, description, servers   for the documentation of the API
    docs        serve /openapi.json, /asyncapi.json and /docs; default True. openapi_url and docs_url move or (None)
                remove them; include_websocket_docs=False leaves WebSocket routes out; cache_schema is ignored: the
                documents are streamed, never held
    debug       tracebacks in the log and error texts in answers; default False
    json        a module or object with dumps and loads, or a pair of them; default the json module
    config      dict of limits and deadlines; the keys are the attributes of config.Config
    allowed_origins   origins whose pages may open WebSockets (str or list), besides the board's own; "*" is all
    """

    _cold = (
        "viperhttp.app.running.Running run serve ",
        "viperhttp.app.serving.Serving begin _serve _stop shutdown emit ",
        "viperhttp.app.finding.Finding find_route every_route ",
        "viperhttp.app.mounts.Mounts mount find_static ",
        "viperhttp.app.own.Own test_client _get_state ",
    )
    _early = Routes._early + (
        "viperhttp.app.registering.Registering include_router before_request middleware add_middleware"
        " exception_handler on_event ",
        "viperhttp.app.starting.Starting about_to_run prepare ",
    )
    patterns: tuple = ()  # (Path, methods) of each route with parameters
    mounts: tuple = ()  # (prefix, StaticFiles) of each
    middlewares: tuple = ()  # as they were added; those with ws_check also guard WebSockets
    pipeline: "object | None" = None
    ws_hooks: tuple = ()
    shared: "dict | None" = None  # values of Depends(scope="app")
    teardown: "list | None" = None  # and what to finish when the application stops
    server: "object | None" = None
    dispatcher: "object | None" = None
    _state = None
    _events: "dict | None" = None
    _ready_line = None

    def __init__(
        self,
        title: str = "ViperHTTP API",
        version: str = "1.0.0",
        description: str = "",
        docs: bool = True,
        openapi_url: "str | None" = "/openapi.json",
        docs_url: "str | None" = "/docs",
        include_websocket_docs: bool = True,
        cache_schema: bool = True,
        servers=None,
        debug: bool = False,
        json=None,
        config: "dict | None" = None,
        allowed_origins=None,
    ):
        self.title = title
        self.version = version
        self.description = description
        self.servers = servers
        self.docs = docs
        self.openapi_url = openapi_url
        self.docs_url = docs_url
        self.include_websocket_docs = include_websocket_docs
        self.debug = debug
        if isinstance(json, (tuple, list)):
            from .own import Json

            json = Json(*json)
        self.json = json or default_json
        self.config = Config(config)
        self.allowed_origins = allowed_origins
        self.paths: dict = {}  # {path: methods} of the others; methods is {"GET" or "WEBSOCKET" and so on: endpoint}


if not MICROPYTHON:
    complete(ViperHTTP)
