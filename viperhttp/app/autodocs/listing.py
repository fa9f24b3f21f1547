"""What both documents say of a route: its public path, parameters, words, tags, responses."""

from ..routes import WEBSOCKET

EVENTS = "text/event-stream"
_SCHEMAS = {"int": "integer", "float": "number", "bool": "boolean"}


def routes(app):
    """(public path, [(name, kind)] of its parameters, methods) of every route, by path.

    Two routes that differ in a parameter's type only, as /{x} and /{x:int}, would be one key of the document: the
    second is shown as /{x_int}.
    """
    seen = []
    table = app.every_route()
    table.sort(key=lambda row: row[0].replace(":", "~"))  # /{x} before /{x:int}
    for pattern, methods in table:
        path, params = public(pattern)
        if path in seen:
            path, params = public(pattern, True)
        elif params:
            seen.append(path)
        yield path, params, methods


def public(pattern: str, typed: bool = False) -> tuple:
    """(path with {name} for {name:kind}, [(name, kind)]); `typed` puts the kind into the name."""
    parts = pattern.split("/")
    params = []
    for i, part in enumerate(parts):
        if part.startswith("{"):
            name, _, kind = part[1:-1].partition(":")
            if typed:
                name = "%s_%s" % (name, kind or "str")
            params.append((name, kind or "str"))
            parts[i] = "{%s}" % name
    return "/".join(parts), params


def shown(endpoint) -> bool:
    """Whether a route is to be in the documents."""
    return not endpoint.docs or endpoint.docs.get("include_in_schema", True)


def sockets(app):
    """(public path, parameters, endpoint) of every WebSocket route that is to be shown."""
    if not app.include_websocket_docs:
        return
    for path, params, methods in routes(app):
        endpoint = methods.get(WEBSOCKET)
        if endpoint is not None and shown(endpoint):
            yield path, params, endpoint


def words(endpoint) -> tuple:
    """(summary, description), "" where there is none. CPython falls back to the handler's docstring; MicroPython
    has thrown that away."""
    docs = endpoint.docs or {}
    summary = docs.get("summary") or ""
    description = docs.get("description") or ""
    text = getattr(endpoint.handler, "__doc__", None)
    if text and not (summary and description):
        first, _, rest = text.strip().partition("\n")
        summary = summary or first.strip()
        lines = [line.strip() for line in rest.strip().split("\n")]
        description = description or "\n".join(lines)
    return str(summary), str(description)


def tags(endpoint, path: str) -> list:
    """The tags of a route; by default the first segment of its path."""
    given = (endpoint.docs or {}).get("tags")
    if isinstance(given, str):
        return [given]
    if given:
        return [str(tag) for tag in given]
    first = path.split("/")[1]
    return [first if first and first[0] != "{" else "default" if first else "root"]


def operation_id(method: str, path: str, endpoint) -> str:
    """The route's operation_id or name, else one made of method and path: get_api_room."""
    docs = endpoint.docs or {}
    given = docs.get("operation_id") or docs.get("name")
    if given:
        return str(given)
    name = identifier(path)
    while "__" in name:
        name = name.replace("__", "_")
    return "%s_%s" % (method.lower(), name.strip("_") or "root")


def identifier(text: str) -> str:
    """`text` with an underscore for whatever may not stand in a key."""
    return "".join([char if ord(char) < 128 and (char.isalpha() or char.isdigit()) else "_" for char in text])


def responses(docs) -> dict:
    """The responses of a route as OpenAPI has them.

    Each may be given as the object itself, as its description, or as its media type: {200: "text/event-stream"}.
    """
    found = {}
    given = (docs or {}).get("responses") or {}
    for status, said in given.items():
        if isinstance(said, dict):
            item = plain(said)
            if "description" not in item and "$ref" not in item:
                item["description"] = "Response"
        elif isinstance(said, str) and "/" in said and " " not in said:
            item = {"description": "Events, as they happen" if said == EVENTS else said, "content": {said: {}}}
        else:
            item = {"description": str(said)}
        found[str(status)] = item
    if not any(status[0] in "123d" for status in found):
        found["200"] = {"description": "Successful Response"}
    return found


def streams_events(docs) -> bool:
    """Whether a route declares that it answers with server-sent events."""
    for item in responses(docs).values():
        if EVENTS in item.get("content", ()):
            return True
    return False


def path_schema(kind: str) -> dict:
    """The schema of a path parameter; format "path" takes slashes too."""
    if kind == "path":
        return {"type": "string", "format": "path"}
    return {"type": _SCHEMAS.get(kind, "string")}


def queries(spec):
    """(name, required, schema) for each typed query parameter."""
    from ..depends import _MISSING, Query

    for name, query in (spec or {}).items():
        if not isinstance(query, Query):
            query = Query(cast=query)
        kind = query.cast if query.cast in (int, float, bool) else str
        schema: dict = {"type": _SCHEMAS.get(kind.__name__, "string")}
        required = query.default is _MISSING
        if not required and isinstance(query.default, (str, int, float)):
            schema["default"] = query.default
        yield name, required, schema


def plain(value):
    """`value` as JSON can say it: keys as text, tuples as lists, anything unknown as its text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    return str(value)
