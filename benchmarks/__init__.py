"""What `make bench` measures: ratios in one run against the peer, written to results/*.json with machine and date."""
