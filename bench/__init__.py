"""What Crosstie costs, beside the least that any tool must do; `make bench` writes docs/performance.md."""
