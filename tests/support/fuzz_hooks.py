"""What schemathesis has to be told: how lines of JSON are sent, and what it cannot judge."""

from __future__ import annotations

import json
from typing import Any

import schemathesis
from schemathesis.specs.openapi import checks


@schemathesis.serializer("application/x-ndjson")
def lines(ctx: Any, value: Any) -> Any:
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode(errors="surrogatepass")


@schemathesis.check
def what_breaks_the_document_is_refused(ctx: Any, response: Any, case: Any) -> bool | None:
    """The check negative_data_rejection, of all but forms.

    From one step of a sequence to the next, a form whose field was taken away or renamed can be
    sent with that field after all, and the service is blamed for taking what is right.
    """
    if case.media_type == "multipart/form-data":
        return None
    return checks.negative_data_rejection(ctx, response, case)
