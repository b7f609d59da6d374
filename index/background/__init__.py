"""The background bank: texts, photos and sounds that no collection is about, as vectors."""
