"""Many items at once: read from requests, added together, and as jobs that outlive them."""
