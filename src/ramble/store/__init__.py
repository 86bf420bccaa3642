"""Files: whole or not at all, with a digest, and with a line that says where they come from."""
