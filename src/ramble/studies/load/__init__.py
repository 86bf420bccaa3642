"""Studies of growing training sets: where tracking begins to fail."""
