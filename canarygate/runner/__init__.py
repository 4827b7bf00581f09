"""Driving the hosts: one Locust process per role, watched from a parent that never imports Locust."""
