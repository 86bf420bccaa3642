"""Two given networks: joined, profiled and looked into by one call each, with what the other rooms have."""
