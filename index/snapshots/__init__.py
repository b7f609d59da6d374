"""One state of a collection that can be searched: manifest, generation, snapshot."""
