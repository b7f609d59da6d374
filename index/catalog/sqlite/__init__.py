"""The file of the catalog: connections to it, across forks too, and what shows that it is sound."""
