"""The base of Request: what the client and its request are like."""

from ..cold import Cold, complete
from ..config import MICROPYTHON


class RequestInfo(Cold):
    """What is told by endpoints.info, once somebody asks."""

    _cold: tuple = (
        "viperhttp.endpoints.info.Info _get_path _get_query_string _get_query_params _get_query_parameters"
        " _get_headers header _get_cookies _get_session _get_origin _get_scheme _get_url _get_client ",
    )
    head = None
    path_params: dict = {}
    _scheme = "http"


if not MICROPYTHON:
    complete(RequestInfo)
