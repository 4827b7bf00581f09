"""report.html: one file that opens without a network, from a report document and the judge's trace."""
