"""Programs of others' AGI libraries that do the bench's call. They record nothing."""
