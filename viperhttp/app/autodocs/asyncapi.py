"""/asyncapi.json (AsyncAPI 3.0.0): a channel for each WebSocket route and each route that declares events."""

from json import dumps

from . import listing

_MESSAGES = {
    "text": {"title": "Text", "contentType": "text/plain", "payload": {"type": "string"}},
    "bytes": {
        "title": "Binary",
        "contentType": "application/octet-stream",
        "payload": {"type": "string", "format": "binary"},
    },
    "json": {"title": "JSON", "contentType": "application/json", "payload": {}},
    "event": {"title": "Server-sent event", "contentType": listing.EVENTS, "payload": {"type": "string"}},
}
_EITHER = ("text", "bytes")
# Versions of https://github.com/asyncapi/bindings
_WS_BINDING = "0.1.0"
_HTTP_BINDING = "0.3.0"


def pieces(app, request):
    """The document as pieces of text."""
    info = {"title": str(app.title), "version": str(app.version)}
    if app.description:
        info["description"] = str(app.description)
    yield '{"asyncapi": "3.0.0", "info": ' + dumps(info)
    host = request.head.get("host")
    if host:
        yield ', "servers": ' + dumps(
            {"websocket": {"host": host, "protocol": "ws"}, "events": {"host": host, "protocol": "http"}}
        )
    yield ', "channels": {'
    separator = ""
    for key, path, params, endpoint, events in _channels(app):
        yield "%s%s: %s" % (separator, dumps(key), dumps(_channel(path, params, endpoint, events, host)))
        separator = ", "
    yield '}, "operations": {'
    separator = ""
    for key, _, _, endpoint, events in _channels(app):
        for action, kinds in _traffic(endpoint, events):
            yield '%s"%s_%s": %s' % (separator, action, key, dumps(_operation(action, key, kinds, events)))
            separator = ", "
    yield '}, "components": {"messages": %s}}' % dumps(_MESSAGES)


def _channels(app):
    # (key, path, parameters, endpoint, is it a stream of events)
    for path, params, endpoint in listing.sockets(app):
        key = listing.operation_id("ws", path, endpoint)
        yield listing.identifier(key), path, params, endpoint, False
    for path, params, methods in listing.routes(app):
        endpoint = methods.get("GET")
        if endpoint is not None and listing.shown(endpoint) and listing.streams_events(endpoint.docs):
            key = listing.operation_id("sse", path, endpoint)
            yield listing.identifier(key), path, params, endpoint, True


def _channel(path: str, params: list, endpoint, events: bool, host) -> dict:
    summary, description = listing.words(endpoint)
    kinds = []
    for _, some in _traffic(endpoint, events):
        kinds += [kind for kind in some if kind not in kinds]
    found: dict = {
        "address": path,
        "tags": [{"name": tag} for tag in listing.tags(endpoint, path)],
        "messages": {kind: {"$ref": "#/components/messages/" + kind} for kind in kinds},
    }
    if host:
        found["servers"] = [{"$ref": "#/servers/" + ("events" if events else "websocket")}]
    if summary:
        found["summary"] = summary
    if description:
        found["description"] = description
    if params:
        found["parameters"] = {name: {"description": listing.path_schema(kind)["type"]} for name, kind in params}
    if not events:
        found["bindings"] = {"ws": _ws_binding(endpoint)}
    return found


def _ws_binding(endpoint) -> dict:
    binding: dict = {"method": "GET", "bindingVersion": _WS_BINDING}
    if endpoint.query:
        query: dict = {"type": "object", "properties": {}}
        wanted = []
        for name, required, schema in listing.queries(endpoint.query):
            query["properties"][name] = schema
            if required:
                wanted.append(name)
        if wanted:
            query["required"] = wanted
        binding["query"] = query
    if endpoint.protocols:
        names = {"type": "string", "enum": list(endpoint.protocols)}
        binding["headers"] = {"type": "object", "properties": {"Sec-WebSocket-Protocol": names}}
    return binding


def _traffic(endpoint, events: bool) -> tuple:
    # ((action, kinds of messages), ...) as the application sees it
    if events:
        return (("send", ("event",)),)
    takes = (endpoint.receive_type,) if endpoint.receive_type in _MESSAGES else _EITHER
    sends = (endpoint.send_type,) if endpoint.send_type in _MESSAGES else _EITHER
    if endpoint.receive_type == "event":  # raw ASGI events, either kind: not server-sent ones
        takes = _EITHER
    if endpoint.send_type == "event":
        sends = _EITHER
    return (("receive", takes), ("send", sends))


def _operation(action: str, key: str, kinds, events: bool) -> dict:
    channel = "#/channels/" + key
    found: dict = {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": "%s/messages/%s" % (channel, kind)} for kind in kinds],
    }
    if events:
        found["bindings"] = {"http": {"method": "GET", "bindingVersion": _HTTP_BINDING}}
    return found
