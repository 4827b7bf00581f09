"""The demo shop: a small, fast, honest service that can be told to misbehave in known ways."""
