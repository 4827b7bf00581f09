"""The series: what a run says to Prometheus, through a Pushgateway or as a file."""
