"""Pictures whose files decoders do not read as people mean them: cut short, deep, animated."""
