"""From a query to hits: terms, routes, and the lists that become one."""
