"""What run() of the ViperHTTP firmware takes, and this server has no use for or cannot do."""

_UNUSED = ("wifi", "http2", "http2_max_streams", "min_workers", "max_workers")


def without(options: dict) -> dict:
    """`options` of run() without those of the firmware's server. TypeError for what would not be as safe as asked."""
    kept = {}
    for name, value in options.items():
        if name == "https" or name.startswith("tls_"):
            if value:
                raise TypeError("run(%s=...): TLS is not there; run it behind a server that has it" % name)
        elif name not in _UNUSED and not name.startswith("bridge_"):
            kept[name] = value
    return kept
