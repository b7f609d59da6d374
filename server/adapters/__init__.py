"""The retriever in other frameworks, each in a module of its own that needs its extra."""
