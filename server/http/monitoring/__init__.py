"""How one sees the service run: metrics, ids of requests, logs, traces, and whether it is ready."""
