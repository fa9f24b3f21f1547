"""/openapi.json (OpenAPI 3.0.3), one operation at a time: a board never holds the whole document."""

import sys
from json import dumps

from ..routes import WEBSOCKET
from . import listing


def pieces(app, request):
    """The document as pieces of text."""
    info = {"title": str(app.title), "version": str(app.version)}
    if app.description:
        info["description"] = str(app.description)
    yield '{"openapi": "3.0.3", "info": ' + dumps(info)
    if app.servers:
        servers = [{"url": item} if isinstance(item, str) else listing.plain(item) for item in app.servers]
        yield ', "servers": ' + dumps(servers)
    yield ', "paths": {'
    separator = ""
    for path, params, methods in listing.routes(app):
        named = [name for name in methods if name != WEBSOCKET and listing.shown(methods[name])]
        if not named:
            continue
        yield "%s%s: {" % (separator, dumps(path))
        separator = ""
        for method in sorted(named):
            yield '%s"%s": %s' % (separator, method.lower(), dumps(operation(method, path, params, methods)))
            separator = ", "
        yield "}"
    yield "}"
    separator = ', "x-websocket": ['
    for path, _, endpoint in listing.sockets(app):
        yield separator + dumps(websocket(path, endpoint))
        separator = ", "
    if separator == ", ":
        yield "]"
    folder = app.openapi_url[: app.openapi_url.rfind("/") + 1]
    about = {
        "version": sys.modules[__name__.split(".")[0]].__version__,
        "runtime": sys.implementation.name,
        "openapi": app.openapi_url,
        "asyncapi": folder + "asyncapi.json",
        "docs": app.docs_url,
    }
    yield ', "x-viperhttp": %s}' % dumps(about)


def operation(method: str, path: str, params: list, methods: dict) -> dict:
    """The Operation Object of one method of a path."""
    endpoint = methods[method]
    docs = endpoint.docs or {}
    name = listing.operation_id(method, path, endpoint)
    for other, same in methods.items():
        # One decorator for several methods gives them one name, which must be unique.
        if other < method and other != WEBSOCKET and listing.operation_id(other, path, same) == name:
            name += "_" + method.lower()
            break
    found: dict = {
        "operationId": name,
        "tags": listing.tags(endpoint, path),
        "responses": listing.responses(docs),
    }
    summary, description = listing.words(endpoint)
    if summary:
        found["summary"] = summary
    if description:
        found["description"] = description
    if docs.get("deprecated"):
        found["deprecated"] = True
    parameters = [
        {"name": param, "in": "path", "required": True, "schema": listing.path_schema(kind)} for param, kind in params
    ]
    if endpoint.query:
        for param, required, schema in listing.queries(endpoint.query):
            parameters.append({"name": param, "in": "query", "required": required, "schema": schema})
        found["responses"].setdefault("422", {"description": "A query parameter is missing or wrong"})
    if parameters:
        found["parameters"] = parameters
    body = docs.get("request_body")
    if body:
        found["requestBody"] = _request_body(body)
    if endpoint.deps:
        found["x-dependencies"] = sorted(endpoint.deps)
    return found


def _request_body(body) -> dict:
    """The Request Body Object from the object itself, a media type, or a JSON schema."""
    if isinstance(body, str):
        return {"required": True, "content": {body: {}}}
    body = listing.plain(body)
    if "content" in body or "$ref" in body:
        return body
    return {"required": True, "content": {"application/json": {"schema": body}}}


def websocket(path: str, endpoint) -> dict:
    """One item of "x-websocket"."""
    summary, description = listing.words(endpoint)
    return {
        "path": path,
        "summary": summary,
        "description": description,
        "tags": listing.tags(endpoint, path),
        "operationId": listing.operation_id("ws", path, endpoint),
        "protocols": [str(name) for name in endpoint.protocols or ()],
    }
