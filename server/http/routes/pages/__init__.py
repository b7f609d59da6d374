"""What browsers are shown without a key: the page, and the description of the API."""
