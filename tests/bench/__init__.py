"""What a poll and a report cost, side by side with celery-progress: `make bench`, docs/BENCHMARKS.md."""
