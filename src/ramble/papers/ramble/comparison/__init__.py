"""The trackers side by side: what their paths reached, and what they cost."""
