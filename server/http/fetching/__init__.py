"""Files from addresses on the web, fetched so that nothing inside is reached."""
