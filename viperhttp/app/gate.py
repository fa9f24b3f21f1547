"""What a WebSocket handshake passes before its handler runs: middleware, hooks, query values, dependencies."""

from ..config import const
from ..exceptions import HTTPException, WebSocketException
from .depends import Scope, query_values

_CONNECTING = const(0)  # connection.phases.CONNECTING
_OPEN = const(1)  # connection.phases.OPEN
_POLICY_VIOLATION = const(1008)  # codes.POLICY_VIOLATION


async def admit(app, ws):
    """The handler's coroutine where something stands before it."""
    endpoint = ws.route
    extra = query_values(endpoint.query, ws) if endpoint.query else {}
    if endpoint.query and endpoint.origins is not None and not ws.origin_allowed():
        raise WebSocketException(_POLICY_VIOLATION)  # without query values the dispatcher has asked
    hooked = False
    for hook in app.ws_hooks:
        result = hook(ws)
        if hasattr(result, "send"):
            result = await result
        if ws.phase > _OPEN:
            return
        hooked = True
    if hooked and ws.phase == _CONNECTING:
        # A hook that neither accepts nor closes refuses: forgetting to decide must not let anybody in.
        return await ws.reject(403)
    scope = Scope(app, ws)
    try:
        if endpoint.deps:
            extra.update(await scope.values(endpoint.deps))
        return await endpoint.bind(ws, ws.path_params, extra)
    except HTTPException:
        if ws.phase == _OPEN:
            ws.start_close(_POLICY_VIOLATION, "")
            return
        raise
    finally:
        await scope.close()


def check_middleware(middlewares, request) -> tuple:
    """(HTTP status of a refusal or 0, whether one of them judged the Origin) for a handshake."""
    judged = False
    for middleware in middlewares:
        check = getattr(middleware, "ws_check", None)
        if check is None:
            continue
        verdict = check(request)
        if verdict is not True:
            if verdict and verdict < 1000:
                return verdict, judged
            # A close code cannot go out before the handshake: it is 403 on the wire, and kept for the TestClient.
            request.connection.close_code = verdict
            request.connection.close_reason = ""
            return 403, judged
        if getattr(middleware, "checks_origin", False):
            judged = True
    return 0, judged
