"""Every error that anysense raises on purpose; `AnysenseError` is the root of all of them."""

from anysense.embed.errors import *  # noqa: F403 - all of them, and no more
from anysense.embed.errors import __all__ as __all__
