"""
Whether the service in this container is ready: exits with 0 or says why not.

Readiness, not mere life: what is started after it shall find it working. Runs inside the image, so it needs nothing
but the standard library.
"""

import http.client
import os
import sys

SECONDS = 4.0


def main() -> int:
    port = int(os.environ[os.environ["FEDPACT_PREFIX"] + "_PORT"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        sys.stdout.write(answer.read(2000).decode(errors="replace"))
    except OSError as error:
        sys.stdout.write(f"nothing answers on port {port}: {error}")
        return 1
    return int(answer.status != http.HTTPStatus.OK)


if __name__ == "__main__":
    sys.exit(main())
