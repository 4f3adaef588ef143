"""
Whether the service in this container is ready: exits with 0 or says why not.

Readiness, not mere life: what is started after it shall find it working. Runs inside the image, so it needs nothing
but the standard library.
"""

import os
import socket
import sys

SECONDS = 12.0
OK = b" 200 "


def main() -> int:
    """By hand instead of by an HTTP client: every service of a machine is asked every few seconds."""
    port = int(os.environ[os.environ["FEDPACT_PREFIX"] + "_PORT"])
    try:
        with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
            connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
    except OSError as error:
        sys.stdout.write(f"nothing answers on port {port}: {error}")
        return 1
    head, _, body = answer.partition(b"\r\n\r\n")
    sys.stdout.write(body[:2000].decode(errors="replace"))
    return int(OK not in head.partition(b"\r\n")[0])


if __name__ == "__main__":
    sys.exit(main())
