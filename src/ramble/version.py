"""The version of the package, of the schema of its params.yaml and of its citation; CHANGELOG.md says what changed."""

VERSION = "0.1.0"
