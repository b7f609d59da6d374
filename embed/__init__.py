"""From files, bytes and strings to vectors: media are read, models encode them."""
