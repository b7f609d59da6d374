"""From the bodies of requests, JSON or forms, to models and terms of a query."""
