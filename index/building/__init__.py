"""From files to items: what is new or has changed is encoded and written."""
