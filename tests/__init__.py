"""The tests; a package of its own, since a dependency installs one of the same name."""
