# Freezes viperhttp into a firmware: make -C ports/... FROZEN_MANIFEST=/path/to/viperhttp/manifest.py
metadata(
    description="WebSocket and HTTP server in pure Python, strict RFC 6455, bounded memory",
    version="0.1.0",
    author="The viperhttp developers",
    license="MIT",
)
package("viperhttp")
