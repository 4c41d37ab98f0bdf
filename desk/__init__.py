"""The second room in a browser and over its API: who signs in, what he sees, what he may do."""
