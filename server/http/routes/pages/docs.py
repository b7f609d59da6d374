"""`/docs`: the OpenAPI document as a page, whose scripts come with the package."""

from __future__ import annotations

import importlib.resources
from typing import Literal

from fastapi import APIRouter, Response

__all__ = ["router"]

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>anysense</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# Addresses are relative to the page, which may be behind a proxy's prefix.
START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null,
});
"""
TYPES = {
    "favicon.png": "image/png",
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def get_page() -> Response:
    """What the service understands, as a page to read and to try."""
    return Response(PAGE, headers=HEADERS, media_type="text/html")


@router.get("/docs/start.js")
def get_start() -> Response:
    """The page's own script; one inside the page would be refused by its policy."""
    return Response(START, media_type="text/javascript")


@router.get("/docs/{name}")
def get_asset(
    name: Literal["favicon.png", "swagger-ui.css", "swagger-ui-bundle.js"],
) -> Response:
    """A file of Swagger UI."""
    content = importlib.resources.files("fastapi_offline").joinpath("static", name).read_bytes()
    return Response(content, headers={"cache-control": "max-age=3600"}, media_type=TYPES[name])
