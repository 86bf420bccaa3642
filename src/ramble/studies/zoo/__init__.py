"""Studies of many networks of many kinds: how often a tracker joins them as it comes, with nothing set for any."""
