"""`anysense` with the encoder of the tests; processes that it begins import this file again.

A text says how long its encoding takes: "sleep 3 red".
"""

from __future__ import annotations

import time
from typing import Any

import tiny

from anysense.embed.encoders.registry import register_encoder


class SlowEncoder(tiny.TinyEncoder):
    def prepare(self, modality: Any, content: Any) -> Any:
        if isinstance(content, str) and content.startswith("sleep"):
            time.sleep(float(content.split()[1]))
        return super().prepare(modality, content)


register_encoder("tiny", lambda rest, device: SlowEncoder())

if __name__ == "__main__":
    from anysense.server.cli.root import main

    main()
