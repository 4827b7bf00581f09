"""What a judged run looks like: as one JSON document, and as text for people."""
