"""Objects in storage services as sources of a build."""
