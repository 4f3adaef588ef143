"""What identity's pages look like. One inline sheet, no script, nothing fetched."""

from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from fedpact.chassis.errors import UnavailableError
from fedpact.identity.domain.errors import OAuthError
from fedpact.identity.domain.model import User

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action {}; frame-ancestors 'none'; base-uri 'none'"
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}
_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fedpact: {title}</title>
<style>:root{{color-scheme:light dark}}
body{{font:15px/1.5 system-ui,sans-serif;max-width:25rem;margin:14vh auto 2rem;padding:1.6rem 2rem 2rem;
border:1px solid light-dark(#dfe5e5,#2a3336);border-radius:8px;background:light-dark(#fff,#171c1e)}}
html{{background:light-dark(#f7f8f8,#101415);padding:0 1rem}}h1{{font-size:1.4rem;margin:0 0 .6rem}}
p{{color:light-dark(#55646a,#9aabad)}}
label,button,input,select{{display:block;width:100%;margin:.4rem 0;font:inherit;box-sizing:border-box}}
label,button{{font-weight:600}}
input,select,button{{padding:.5rem;border:1px solid light-dark(#b9c4c5,#47555a);border-radius:6px;
background:light-dark(#fff,#1e2527);color:inherit}}button{{cursor:pointer;font-weight:600;margin-top:.8rem}}
.first{{background:light-dark(#0b6b66,#5cc8bd);color:light-dark(#fff,#06211f);border-color:transparent}}
p[role=alert]{{color:inherit;font-weight:600}}</style></head>
<body>
{body}
</body></html>
"""


def page(title: str, body: str, *, status: int = 200, form_goes_to: str = "") -> web.Response:
    """A page. `form_goes_to` is where the answer to its form sends the browser."""
    parts = urlsplit(form_goes_to)
    targets = f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"
    headers = HEADERS | {"Content-Security-Policy": POLICY.format(targets)}
    text = _FRAME.format(title=escape(title), body=body)
    return web.Response(text=text, content_type="text/html", headers=headers, status=status)


def closed() -> web.Response:
    """Nobody can say who they are."""
    told = "<p>No login of people is connected to this installation. Use a service account.</p>"
    return page("no login", told, status=403)


def told(error: OAuthError | UnavailableError) -> web.Response:
    """Why nobody was logged in."""
    reason = error.reason if isinstance(error, OAuthError) else f"{error}: try again in a moment"
    body = f'<h1>No login</h1><p role="alert">{escape(reason)}</p>'
    return page("no login", body, status=400 if isinstance(error, OAuthError) else 503)


def onward(place: str) -> web.Response:
    """A page that sends the browser elsewhere: forms may only send it to where their page says."""
    body = f'<meta http-equiv="refresh" content="0;url={escape(place)}"><p><a href="{escape(place)}">Log in</a></p>'
    return page("log in", body)


def option(person: User) -> str:
    """A person to choose."""
    text = f"{person.name} ({person.organization}: {', '.join(person.roles)})"
    return f'<option value="{escape(person.id)}">{escape(text)}</option>'
