"""How the service describes itself in OpenAPI, where the routes alone do not say it."""
