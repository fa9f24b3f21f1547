"""MicroPython: the json module as applications get it, where JSON's escapes of characters beyond U+FFFF are right."""

import json


class Json:
    """What applications get: the class itself, which takes less of a board's heap than a module."""

    dumps = json.dumps

    @staticmethod
    def loads(data):
        """The object that JSON text, str or UTF-8 bytes, stands for. ValueError when it is none."""
        if type(data) is str:
            escaped = "\\ud" in data or "\\uD" in data
        else:
            escaped = b"\\ud" in data or b"\\uD" in data
        if escaped:
            from ..protocol.surrogates import joined

            data = joined(data)
        return json.loads(data)
