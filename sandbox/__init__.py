"""Local stand-ins of the three trackers' HTTP interfaces and a world that lives in them."""
