"""What runs inside the Locust process. Nothing else may import these modules."""
