"""Numbers of RFC 6455: opcodes and close codes.

Modules that every board loads write those that they need as `_TEXT = const(1)  # codes.TEXT`: the compiler puts the
number in place of the name, and nobody has to hold this module (tests/test_layers.py compares them).
"""

# Opcodes (RFC 6455 section 5.2)
CONTINUATION = 0
TEXT = 1
BINARY = 2
CLOSE = 8
PING = 9
PONG = 10

FIN = 0x80

# Close codes (RFC 6455 section 7.4.1)
NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
NO_STATUS = 1005
ABNORMAL = 1006
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013

MAX_CONTROL = 125  # payload of a control frame (RFC 6455 section 5.5)
MAX_REASON = 123  # the same less the code
