"""Socket.IO 5 packets inside Engine.IO messages: text with the JSON, and bytes apart from it."""

_MAX_ATTACHMENTS = 16  # of one event: the event waits in memory for them


def decode(message: str, loads) -> tuple:
    """(type, namespace, number or None, attachments, data) of a message "4...".

    `loads` reads JSON. ValueError for anything else.
    """
    kind = ord(message[1:2] or "x") - 48
    if not 0 <= kind <= 6:
        raise ValueError("packet type %r" % message[1:2])
    at = 2
    count = 0
    if kind > 4:
        dash = message.find("-", at)
        count = _number(message[at:dash] if dash > 0 else "")
        if not 0 < count <= _MAX_ATTACHMENTS:
            raise ValueError("%d attachments; from 1 to %d are taken" % (count, _MAX_ATTACHMENTS))
        at = dash + 1
    namespace = "/"
    if message[at : at + 1] == "/":
        comma = message.find(",", at)
        comma = comma if comma > 0 else len(message)
        namespace = message[at:comma].split("?")[0]
        at = comma + 1
    start = at
    while message[at : at + 1].isdigit():
        at += 1
    number = _number(message[start:at]) if at > start else None
    data = loads(message[at:]) if at < len(message) else None
    return kind, namespace, number, count, data


def _number(text: str) -> int:
    if not text.isdigit() or len(text) > 9:
        raise ValueError("number %r" % text[:16])
    return int(text)


def encode(kind: int, data: list, number: "int | None", dumps) -> tuple:
    """(text, attachments) of an event (kind 2) or acknowledgement (3) in the default namespace.

    number is that of the acknowledgement, or None; `dumps` writes JSON.
    """
    attachments: list = []
    data = _without_bytes(data, attachments)
    head = "4%d%d-" % (kind + 3, len(attachments)) if attachments else "4%d" % kind
    text = dumps(data)
    if not isinstance(text, str):
        text = str(text, "utf-8")  # a JSON adapter that makes bytes
    return head + ("" if number is None else str(number)) + text, attachments


def _without_bytes(value, attachments: list):
    if isinstance(value, (bytes, bytearray, memoryview)):
        attachments.append(bytes(value))
        return {"_placeholder": True, "num": len(attachments) - 1}
    if isinstance(value, (list, tuple)):
        return [_without_bytes(item, attachments) for item in value]
    if isinstance(value, dict):
        return {key: _without_bytes(item, attachments) for key, item in value.items()}
    return value


def rebuild(value, attachments: list):
    """`value` with its attachments in place. ValueError when one of them is not there."""
    if isinstance(value, list):
        return [rebuild(item, attachments) for item in value]
    if not isinstance(value, dict):
        return value
    if not value.get("_placeholder"):
        return {key: rebuild(item, attachments) for key, item in value.items()}
    number = value.get("num")
    if not isinstance(number, int) or not 0 <= number < len(attachments):
        raise ValueError("attachment %r" % (number,))
    return attachments[number]
