"""How HTTP is told that something went wrong."""

from aiohttp import web


def problem(status: int, slug: str, detail: str, **members: object) -> web.Response:
    """An RFC 9457 problem. `slug` is the stable code, `detail` is for a person."""
    body = {"type": f"urn:fedpact:problem:{slug}", "title": slug.replace("_", " "), "status": status, "slug": slug}
    body |= {"detail": detail} | {k: v for k, v in members.items() if v not in (None, "")}
    return web.json_response(body, status=status, content_type="application/problem+json")
