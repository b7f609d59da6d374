"""How the service begins, reloads and ends, and what open requests are told when it does."""
