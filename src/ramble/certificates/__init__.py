"""Does a straight segment, or a whole path of them, stay inside the solution space? See `segments` for the kinds."""
