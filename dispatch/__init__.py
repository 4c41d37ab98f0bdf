"""The worker: what is due goes out, claimed by one, tried again, and told when it fails."""
