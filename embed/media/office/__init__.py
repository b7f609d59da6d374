"""Documents of office programs and e-books, by other programs: the extra `documents`."""
