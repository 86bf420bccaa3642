"""The figures of a study of descent."""
